"""Rules of keeping: adverts of the tags that are named go into a new file, nobody else's, and the file is read again as it was heard."""

import json
import stat
from pathlib import Path

import pytest

from beacon_gateway.cli import main
from beacon_gateway.exits import Stop
from beacon_gateway.keeping import kept_in
from beacon_gateway.sources.jsonl import JsonlSource
from groundwork.adverts.advert import Advert
from groundwork.plumbing.clock import SystemClock
from tests.beacon_gateway.build import BOX, START_MS, STRANGER, UUID, advert, key

FOREVER = 10**14
TAG = f"ibeacon:{UUID.upper()}:1:1"


def heard() -> list[Advert]:
    return [advert(0, -55.0), advert(100, minor=2), advert(200, uuid=STRANGER), advert(300, -60.0)]


async def read_again(path: Path) -> list[Advert]:
    source = JsonlSource(str(path), BOX, strict=True)
    await source.start()
    adverts = source.read(FOREVER).adverts
    await source.close()
    return adverts


async def test_only_the_tags_that_are_named_are_kept_as_they_were_heard(tmp_path: Path) -> None:
    with kept_in(tmp_path / "walk", [TAG]) as kept:
        assert kept is not None
        kept.keep(heard())
    assert await read_again(tmp_path / "walk") == [heard()[0], heard()[3]]
    assert stat.S_IMODE((tmp_path / "walk").stat().st_mode) == 0o600


async def test_an_address_is_kept_only_where_the_tag_is_known_by_it(tmp_path: Path) -> None:
    one, other = (Advert(BOX, START_MS, -60.0, advert(0).data, address) for address in ("C0:11:22:33:44:55", "C0:11:22:33:44:66"))
    plain = Advert(BOX, START_MS, -60.0, bytes.fromhex("020106"), "C0:11:22:33:44:55")
    for name, tag, meant in (("a", TAG, [advert(0), advert(0)]), ("b", "address:c0-11-22-33-44-55", [one, plain])):
        with kept_in(tmp_path / name, [tag]) as kept:
            assert kept is not None
            kept.keep([one, other, plain])
        assert await read_again(tmp_path / name) == meant


@pytest.mark.parametrize("tag", ["token:0123456789abcdef0123456789abcdef", "eid:0123456789abcdef", "url:https://a.sa", "tag 7", "ibeacon:"])
def test_a_key_that_changes_or_is_none_is_refused(tmp_path: Path, tag: str) -> None:
    with pytest.raises(Stop, match="lasting beacon key") as stopped, kept_in(tmp_path / "walk", [TAG, tag]):
        pass
    assert stopped.value.code == 2
    assert not (tmp_path / "walk").exists()


def test_a_file_that_is_there_and_half_a_wish_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    for path, tags in ((tmp_path / "mine", [TAG]), (tmp_path / "none" / "walk", [TAG]), (tmp_path / "walk", []), (None, [TAG])):
        with pytest.raises(Stop) as stopped, kept_in(path, tags):
            pass
        assert stopped.value.code == 2
    assert (tmp_path / "mine").read_text() == "mine"


def test_where_no_tag_is_heard_no_file_is_left(tmp_path: Path) -> None:
    with kept_in(tmp_path / "walk", [f"ibeacon:{UUID}:1:9"]) as kept:
        assert kept is not None
        kept.keep(heard())
    assert not (tmp_path / "walk").exists()


@pytest.mark.parametrize(("tag", "said"), [(str(key(1)), "1 adverts of the tags are in"), (str(key(9)), "None of the tags was heard")])
def test_the_survey_says_what_it_kept(tmp_path: Path, tag: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    one = advert(0, -55.0)
    (tmp_path / "air").write_text(json.dumps({"at_ms": one.at_ms, "rssi_dbm": -55, "data": one.data.hex()}))
    clock = f"{START_MS}@{SystemClock().now_ms()}x20"
    (tmp_path / "g.toml").write_text(
        f'[gateway]\ngateway = "box"\nsource = "jsonl"\nsource_file = "{tmp_path / "air"}"\nclock = "{clock}"\nallow_ibeacon = ["{UUID}"]\n'
    )
    typed = ["survey", "--config", str(tmp_path / "g.toml"), "--lang", "en", "--seconds", "2", "--plain"]
    assert main([*typed, "--keep", str(tmp_path / "walk"), "--tag", tag]) == 0
    assert said in capsys.readouterr().err
