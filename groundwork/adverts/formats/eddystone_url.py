"""Eddystone-URL: a web address in up to 18 bytes, by codes for how it begins and for endings such as `.com/`.

Source: google/eddystone, eddystone-url/README.md. The codes the specification reserves make a frame unreadable, not an address with a gap.
"""

from typing import Final, NamedTuple

from groundwork.adverts.ad_structures import SERVICE_DATA_16
from groundwork.adverts.eddystone import LOSS_OF_FIRST_METRE_DB, UUID, advert_of, signed
from groundwork.adverts.frame import Format, Options
from groundwork.contracts.ids import BeaconKey

_PREFIX: Final = UUID + b"\x10"
_HEAD: Final = 4
"""UUID, type and power; scheme and address follow."""
SCHEMES: Final = ("http://www.", "https://www.", "http://", "https://")
"""By the first byte; the longer ones first, so that the first that fits is the shortest encoding."""
_DOMAINS: Final = (".com", ".org", ".edu", ".net", ".info", ".biz", ".gov")
EXPANSIONS: Final = (*(f"{domain}/" for domain in _DOMAINS), *_DOMAINS)
"""By the byte's value, 0x00 to 0x0D."""
_TEXT: Final = tuple(EXPANSIONS[code] if code < len(EXPANSIONS) else chr(code) if 0x20 < code < 0x7F else "" for code in range(256))
"""What each byte stands for; nothing for those that are reserved: 0x0E to 0x20, 0x7F and above."""
MOST_BYTES: Final = 17
"""Of the address after its scheme, in an advert of 31 bytes."""


class EddystoneUrl(NamedTuple):
    """One URL frame; `power_0m` is the signed byte as sent, for a distance of 0 m."""

    power_0m: int
    url: str

    @property
    def format(self) -> str:
        return FORMAT.name

    @property
    def beacon(self) -> BeaconKey:
        return BeaconKey(f"url:{self.url}")

    @property
    def power_1m_dbm(self) -> int:
        return self.power_0m - LOSS_OF_FIRST_METRE_DB

    def said(self) -> dict[str, object]:
        return self._asdict()


def decode(value: bytes, _options: Options) -> EddystoneUrl | None:
    """The URL frame in service data `value`, UUID included."""
    if value[:3] != _PREFIX:
        return None
    url = decode_url(value[_HEAD:])
    return None if url is None else EddystoneUrl(signed(value[3]), url)


def decode_url(encoded: bytes) -> str | None:
    """The address in `encoded`, scheme byte first; None where a byte is reserved."""
    if not encoded or encoded[0] >= len(SCHEMES):
        return None
    texts = [_TEXT[code] for code in encoded[1:]]
    return SCHEMES[encoded[0]] + "".join(texts) if all(texts) else None


def encode_url(url: str) -> bytes:
    """The shortest encoding of `url`, scheme byte first. Raises ValueError for what has no such scheme or is not printable ASCII."""
    scheme = next((code for code, begins in enumerate(SCHEMES) if url.startswith(begins)), None)
    rest = url[len(SCHEMES[scheme]) :] if scheme is not None else ""
    if scheme is None or not all("!" <= sign <= "~" for sign in rest):
        raise ValueError(f"expected http:// or https:// and printable ASCII, got {url!r}")
    for code, text in enumerate(EXPANSIONS):  # those with a slash come first
        rest = rest.replace(text, chr(code))
    return bytes((scheme,)) + rest.encode("ascii")


def encode_eddystone_url(url: str, power_0m: int = -18) -> bytes:
    """An advert's AD structures, flags first. Raises ValueError where `url` cannot be sent in 31 bytes."""
    encoded = encode_url(url)
    if len(encoded) > 1 + MOST_BYTES:
        raise ValueError(f"an advert holds {MOST_BYTES} bytes after the scheme, {url!r} takes {len(encoded) - 1}")
    return advert_of(b"\x10" + power_0m.to_bytes(1, "big", signed=True) + encoded)


FORMAT: Final = Format("eddystone_url", SERVICE_DATA_16, decode, UUID)
