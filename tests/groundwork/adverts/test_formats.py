"""The beacon formats: read back as made, and what each must leave alone. Published packets are in `test_published.py`."""

import pytest

from groundwork.adverts.decode import decode
from groundwork.adverts.formats import FORMATS
from groundwork.adverts.formats.altbeacon import encode_altbeacon
from groundwork.adverts.formats.eddystone_uid import encode_eddystone_uid
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.adverts.formats.shopper_token import encode_shopper_token
from groundwork.adverts.frame import Frame, Options
from tests.data import PROJECT

UUID = "426c7565-4368-6172-6d42-6561636f6e73"
TOKEN = bytes(range(16))


def only(data: bytes, options: Options | None = None) -> Frame:
    """The one frame in `data`."""
    (frame,) = decode(data, options or Options())
    return frame


def test_an_ibeacon_is_read_back_as_it_was_made() -> None:
    frame = only(encode_ibeacon(UUID, 3838, 4949, power=-61))
    assert frame.beacon == f"ibeacon:{UUID.replace('-', '')}:3838:4949"
    assert frame.power_1m_dbm == -61
    assert frame.said() == {"uuid": UUID, "major": 3838, "minor": 4949, "power": -61}


@pytest.mark.parametrize("power", [0, 26, 127])
def test_a_power_that_no_radio_has_is_not_ranged_with(power: int) -> None:
    frame = only(encode_ibeacon(UUID, 1, 2, power=power))
    assert frame.power_1m_dbm is None
    assert frame.said()["power_raw"] == power


def test_an_altbeacon_is_read_back_as_it_was_made() -> None:
    frame = only(encode_altbeacon(UUID, 256, 427, power=-86, company=224))
    assert frame.beacon == f"altbeacon:{UUID.replace('-', '')}:256:427"
    assert frame.said()["company"] == 224


def test_an_altbeacon_may_lack_its_last_byte() -> None:
    whole = encode_altbeacon(UUID, 1, 2)
    cut = whole[:3] + bytes((whole[3] - 1,)) + whole[4:-1]
    assert only(cut).said()["mfg_reserved"] is None


def test_an_eddystone_power_is_told_for_one_metre() -> None:
    frame = only(encode_eddystone_uid("12345678901234678901", "000000000001", power_0m=-29))
    assert frame.beacon == "eddystone:12345678901234678901:000000000001"
    assert frame.power_1m_dbm == -70


@pytest.mark.parametrize(("namespace", "instance"), [("1234", "000000000001"), ("12345678901234678901", "01")])
def test_an_eddystone_id_of_another_length_is_refused(namespace: str, instance: str) -> None:
    with pytest.raises(ValueError, match="20 and 12 hex digits"):
        encode_eddystone_uid(namespace, instance)


def test_an_android_token_needs_the_company_it_is_sent_under() -> None:
    data = encode_shopper_token(TOKEN, company=0x1234)
    assert only(data, Options(token_company=0x1234)).beacon == f"token:{TOKEN.hex()}"
    assert decode(data, Options(token_company=0x1235)) == []
    assert decode(data) == []


def test_a_token_advert_fits_the_air() -> None:
    assert len(encode_shopper_token(TOKEN, company=0x1234)) <= 31


def test_a_token_has_sixteen_bytes() -> None:
    with pytest.raises(ValueError, match="16 bytes, got 15"):
        encode_shopper_token(TOKEN[:15], company=1)


def test_an_ibeacon_with_the_marker_is_a_token_and_any_other_a_beacon() -> None:
    options = Options(token_marker=(4660, 22136))
    assert only(encode_ibeacon(TOKEN.hex(), 4660, 22136), options).beacon == f"token:{TOKEN.hex()}"
    assert only(encode_ibeacon(TOKEN.hex(), 4660, 22137), options).format == "ibeacon"
    assert only(encode_ibeacon(TOKEN.hex(), 4660, 22136)).format == "ibeacon"


def test_every_file_of_a_format_is_listed_once() -> None:
    files = {path.stem for path in (PROJECT / "groundwork/adverts/formats").glob("*.py")} - {"__init__"}
    assert sorted(files) == sorted(each.name for each in FORMATS)
