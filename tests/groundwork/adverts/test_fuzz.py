"""No bytes make a decoder raise. Random, and better: real packets bent a little. The seed is in each failure's text."""

import random
import secrets

import pytest

from groundwork.adverts.decode import decode, decode_structure
from groundwork.adverts.formats.altbeacon import encode_altbeacon
from groundwork.adverts.formats.eddystone_uid import encode_eddystone_uid
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.adverts.formats.shopper_token import encode_shopper_token
from groundwork.adverts.frame import Options

OPTIONS = Options(token_company=0x004C, token_marker=(1, 2))
REAL = (
    encode_ibeacon("00" * 16, 1, 2),
    encode_ibeacon("ff" * 16, 65_535, 0, power=127),
    encode_altbeacon("11" * 16, 1, 2),
    encode_eddystone_uid("22" * 10, "33" * 6),
    encode_shopper_token(bytes(16), 0x004C),
)


def bent(rng: random.Random) -> bytes:
    """A real packet with some bytes changed, cut or doubled; one in four is plain noise."""
    if rng.randrange(4) == 0:
        return rng.randbytes(rng.randrange(64))
    data = bytearray(rng.choice(REAL))
    for _ in range(rng.randrange(4)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    start, end = sorted((rng.randrange(len(data)), rng.randrange(len(data) + 1)))
    return bytes(data[:end]) if rng.randrange(2) else bytes(data[:end] + data[start:])


def fuzz(seed: int, rounds: int) -> int:
    """Decodes `rounds` bent packets every way there is; returns how many frames came of it."""
    rng, frames = random.Random(seed), 0
    print(f"seed {seed}")
    for _ in range(rounds):
        data = bent(rng)
        found = decode(data, OPTIONS)
        one = decode_structure(data[0], data[1:], OPTIONS) if data else None
        for frame in [*found, *([one] if one else [])]:
            assert frame.beacon, (seed, data.hex())
            assert frame.said(), (seed, data.hex())
            assert frame.power_1m_dbm is None or frame.power_1m_dbm < 128, (seed, data.hex())
            frames += 1
    return frames


@pytest.mark.parametrize("seed", [1, secrets.randbits(32)], ids=["known", "fresh"])
def test_no_bytes_raise(seed: int) -> None:
    assert fuzz(seed, 50_000) > 1_000


@pytest.mark.long
def test_no_bytes_raise_in_ten_million() -> None:
    assert fuzz(secrets.randbits(32), 10_000_000) > 100_000
