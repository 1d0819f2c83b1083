"""No bytes make a decoder raise, and what it makes of them holds together. The seed is printed and in each failure's text."""

import json
import secrets
from collections import Counter
from typing import Final

import pytest

from groundwork.adverts.decode import decode, decode_structure, spoken_beside
from groundwork.adverts.formats import FORMATS
from groundwork.adverts.formats.eddystone_url import decode_url
from groundwork.adverts.frame import Frame, Measuring
from tests.groundwork.adverts.fuzz import MADE, OPTIONS, bent_packets
from tests.groundwork.adverts.published import structures_of, vectors

LONGEST_KEY: Final = 300
"""Of a beacon key, in signs: it must fit a batch's list of names."""


def checked(frame: Frame) -> None:
    """What every frame promises."""
    assert json.loads(json.dumps(frame.said(), allow_nan=False)) == frame.said()
    assert frame.beacon is None or (":" in frame.beacon and len(frame.beacon) <= LONGEST_KEY)
    assert frame.power_1m_dbm is None or -170 <= frame.power_1m_dbm < 128
    if isinstance(frame, Measuring):
        told = frame.telemetry
        assert told.battery_pct is None or 0 <= told.battery_pct <= 255
        assert told.temperature_c is None or -4_000 < told.temperature_c < 4_000


def fuzz(seed: int, rounds: int, real: tuple[bytes, ...] = MADE) -> Counter[str]:
    """Decodes `rounds` bent packets every way there is; counts the frames that came of it, by format."""
    frames = Counter[str]()
    for data in bent_packets(seed, rounds, real):
        try:
            found = decode(data, OPTIONS)
            one = decode_structure(data[0], data[1:], OPTIONS) if data else None
            for each in FORMATS:
                each.decode(data[2:], OPTIONS)
            decode_url(data[-18:])
            spoken_beside(data)
            for frame in [*found, *([one] if one else [])]:
                checked(frame)
                frames[frame.format] += 1
        except Exception as error:
            raise AssertionError(f"seed {seed}: {data.hex()}") from error
    return frames


@pytest.mark.parametrize("seed", [1, secrets.randbits(32)], ids=["known", "fresh"])
def test_no_bytes_make_a_decoder_raise(seed: int) -> None:
    frames = fuzz(seed, 50_000)
    assert frames.keys() == {each.name for each in FORMATS}
    assert min(frames.values()) > 50


def test_published_packets_bent_make_no_decoder_raise() -> None:
    assert fuzz(2, 10_000, tuple(filter(None, map(structures_of, vectors())))).total() > 1_000


@pytest.mark.long
def test_ten_million_inputs_make_no_decoder_raise() -> None:
    published = tuple(filter(None, map(structures_of, vectors())))
    assert fuzz(secrets.randbits(32), 10_000_000, MADE + published).total() > 1_000_000
