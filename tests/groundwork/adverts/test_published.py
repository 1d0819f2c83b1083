"""Published packets read as their authors say, by the decoders as the gateway uses them. The command line's way is in its own tests."""

from groundwork.adverts.decode import decode
from groundwork.adverts.formats import FORMATS
from groundwork.adverts.frame import ALTBEACON_CODE, Options
from tests.groundwork.adverts.published import Vector, structures_of, vectors

TWO_WAYS_TO_READ = {"custom_layout-01"}
"""An AltBeacon to the last byte, which its author reads by another layout."""


def options(vector: Vector) -> Options:
    return Options(altbeacon_code=bytes.fromhex(vector.line["options"].get("beacon_code", "")) or ALTBEACON_CODE)


def test_published_packets_are_read_as_their_authors_say() -> None:
    read = set()
    for vector in vectors():
        if vector.expect is not None and vector.format != "eddystone_url_encoded":
            (frame,) = decode(structures_of(vector), options(vector))
            said = {name: value for name, value in frame.said().items() if name in vector.expect}
            beside = {"local_name", "tx_power_level"}
            assert (frame.format, said) == (vector.format, {k: v for k, v in vector.expect.items() if k not in beside}), vector.id
            read.add(vector.format)
    assert read == {each.name for each in FORMATS} - {"shopper_token"}


def test_of_other_packets_and_of_nonsense_nothing_is_read() -> None:
    wrong = [each.id for each in vectors() if each.expect is None and decode(structures_of(each)) and each.id not in TWO_WAYS_TO_READ]
    assert wrong == []
