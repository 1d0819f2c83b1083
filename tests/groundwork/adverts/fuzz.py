"""Bytes that no beacon sends, and nearly: packets bent a little, and noise. Shared by the tests of the decoders and of the gate."""

import random
from collections.abc import Iterator, Sequence

from groundwork.adverts.ad_structures import MANUFACTURER_DATA, SERVICE_DATA_16, structure, structures
from groundwork.adverts.formats.altbeacon import encode_altbeacon
from groundwork.adverts.formats.bthome_v2 import encode_bthome
from groundwork.adverts.formats.eddystone_eid import encode_eddystone_eid
from groundwork.adverts.formats.eddystone_etlm import encode_eddystone_etlm
from groundwork.adverts.formats.eddystone_tlm import encode_eddystone_tlm
from groundwork.adverts.formats.eddystone_uid import encode_eddystone_uid
from groundwork.adverts.formats.eddystone_url import encode_eddystone_url
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.adverts.formats.minew import encode_minew_climate
from groundwork.adverts.formats.ruuvi_rawv1 import RuuviRawV1, encode_ruuvi_rawv1
from groundwork.adverts.formats.ruuvi_rawv2 import RuuviRawV2, encode_ruuvi_rawv2
from groundwork.adverts.formats.shopper_token import encode_shopper_token
from groundwork.adverts.frame import Options

KEY, SENDER = bytes(range(16)), "a4c1388d18b2"
OPTIONS = Options(token_company=0x004C, token_marker=(1, 2), address=SENDER, bind_keys={SENDER: KEY})
MAC = "CB:B8:33:4C:88:4F"
OBJECTS = bytes.fromhex("000101640 2ca0903bf1304138a013a013b0203aabbcc3c0103503d09616153036162635402cafe58eaf1040302 01".replace(" ", ""))
MADE = (
    encode_ibeacon("00" * 16, 1, 2),
    encode_ibeacon("ff" * 16, 65_535, 0, power=127),
    encode_altbeacon("11" * 16, 1, 2),
    encode_eddystone_uid("22" * 10, "33" * 6),
    encode_eddystone_url("https://www.example.com/a"),
    encode_eddystone_tlm(2_840, -19.5, 5_223, 10_948),
    encode_eddystone_etlm(bytes(12), b"\xde\xad", b"\xbe\xff"),
    bytes.fromhex("1116aafe2001414141414141414141414141deadbeff"),
    encode_eddystone_eid(bytes(8)),
    encode_shopper_token(bytes(16), 0x004C),
    encode_bthome(OBJECTS, address="0123456789ab"),
    encode_bthome(OBJECTS, key=KEY, sender=SENDER, counter=9),
    encode_ruuvi_rawv1(RuuviRawV1(20.5, -26.3, 1027.66, (-1.0, 0.0, 1.0), 2.899)),
    encode_ruuvi_rawv2(RuuviRawV2(24.3, 53.49, 100_044, (0.004, -0.004, 1.036), 2.977, 4, 66, 205, MAC)),
    encode_minew_climate(MAC, 99, 21.5, 50.0),
    *(
        structure(SERVICE_DATA_16, bytes((0xE1, 0xFF, 0xA1, model, 99)) + bytes(width))
        for model, width in ((2, 7), (3, 12), (8, 9), (24, 11))
    ),
)
"""Every format, each kind of frame."""
HEADS = tuple(
    bytes((ad_type,)) + value[:length]
    for data in MADE
    for ad_type, value in structures(data, (MANUFACTURER_DATA, SERVICE_DATA_16))
    for length in (2, 3, 4)
)
"""How each format's structures begin, so that noise gets past the first look."""


def bent(rng: random.Random, real: Sequence[bytes]) -> bytes:
    """A real packet with some bytes changed, cut or doubled; one in eight is noise behind a real beginning, one in eight plain noise."""
    way = rng.randrange(8)
    if way == 0:
        return rng.randbytes(rng.randrange(64))
    if way == 1:
        value = rng.choice(HEADS) + rng.randbytes(rng.randrange(40))
        return bytes((len(value) % 256,)) + value
    data = bytearray(rng.choice(real))
    for _ in range(rng.randrange(4)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    start, end = sorted((rng.randrange(len(data)), rng.randrange(len(data) + 1)))
    return bytes(data[:end]) if way < 4 else bytes(data) if way < 6 else bytes(data[:end] + data[start:])


def bent_packets(seed: int, rounds: int, real: Sequence[bytes] = MADE) -> Iterator[bytes]:
    """`rounds` of them; prints the seed, which makes them again."""
    print(f"seed {seed}")
    rng = random.Random(seed)
    return (bent(rng, real) for _ in range(rounds))
