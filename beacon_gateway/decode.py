"""`beacon-gateway decode`: what frames say, as JSON lines; for whoever wonders what a beacon sends, and for test vectors.

In:  {"id": "a", "input": "<hex>", "input_kind": "ad_structures", "options": {"token_company": 65535, "token_marker": [1, 2]}}
Out: {"id": "a", "frames": [{"format": "ibeacon", "uuid": "...", ...}]}

Input kinds: `ad_structures`; `manufacturer_data`, company id first, or `manufacturer_data_without_company_<4 hex>`;
`service_data_<4 hex>`; `url_bytes`, an Eddystone address from its scheme byte on. Other kinds, and bytes that are no frame we know, give
no frames. Options besides the two above: `bind_key` (32 hex digits) and `address` of an encrypted BTHome sender; `beacon_code` (4 hex
digits) of AltBeacons that have their own.

A line that is not of this form ends nothing: it is told (`Wrong`), answered with no frames where its `id` can still be read, and the next
one is read.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec

from beacon_gateway.outside import decoded
from groundwork.adverts.ad_structures import MANUFACTURER_DATA, SERVICE_DATA_16
from groundwork.adverts.decode import decode, decode_structure, spoken_beside
from groundwork.adverts.formats.eddystone_url import decode_url
from groundwork.adverts.frame import ALTBEACON_CODE, Options

_WITHOUT_COMPANY: Final = re.compile(r"manufacturer_data_without_company_([0-9a-fA-F]{4})")
_SERVICE: Final = re.compile(r"service_data_([0-9a-fA-F]{4})")
_NOT_HEX: Final = re.compile(r"[^0-9a-f]")
_LONGEST_LINE: Final = 1 << 20
"""Bytes; the longest advert there is takes 3,300 hex digits. Without a bound a pipe that never ends its line would take all memory."""
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""What some editors put before the first line."""


class Wrong(NamedTuple):
    """A line that is not of the form expected."""

    line: int
    problem: str
    expected: str = '{"id": "a", "input": "<hex>", "input_kind": "ad_structures"}'


class _Options(msgspec.Struct, frozen=True):
    """Those of `Options`; others pass. Bind key and address also by the names other tools give them."""

    token_company: int | None = None
    token_marker: tuple[int, int] | None = None
    beacon_code: str = ""
    bind_key: str = ""
    bindkey: str = ""
    address: str = ""
    mac: str = ""


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    id: Any
    input: str
    input_kind: str = "ad_structures"
    options: _Options | None = None


class _Named(msgspec.Struct, frozen=True):
    """What a line of another form may still have."""

    id: Any


_decoder = msgspec.json.Decoder(_Line)
_named = msgspec.json.Decoder(_Named)


def decode_lines(source: BinaryIO) -> Iterator[bytes | Wrong]:
    """For each line of `source` that has an id one line out; before it, or in its place, what is wrong with it."""
    for number, raw in enumerate(_lines(source), start=1):
        if len(raw) > _LONGEST_LINE:
            yield Wrong(number, f"longer than {_LONGEST_LINE} bytes")
        elif raw.strip():
            yield from _decoded(number, raw)


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """The lines of `source`; of one that is too long only its beginning, itself too long to be taken for a line."""
    begun = False
    while line := source.readline(_LONGEST_LINE + 1):
        whole = line
        while len(line) > _LONGEST_LINE and not line.endswith(b"\n"):
            line = source.readline(_LONGEST_LINE + 1) or b"\n"
        yield whole if begun else whole.removeprefix(_BYTE_ORDER_MARK)
        begun = True


def _decoded(number: int, raw: bytes) -> Iterator[bytes | Wrong]:
    try:
        line = decoded(_decoder, raw)
    except ValueError as error:
        yield Wrong(number, str(error))
        named = _id_of(raw)
        if named is not None:
            yield _answer(named.id, [])
    else:
        yield _answer(line.id, _frames(line, _options(line.options or _Options())))


def _id_of(raw: bytes) -> _Named | None:
    try:
        return decoded(_named, raw)
    except ValueError:
        return None


def _answer(asked: Any, frames: list[dict[str, object]]) -> bytes:
    return msgspec.json.encode({"id": asked, "frames": frames}) + b"\n"


def _options(given: _Options) -> Options:
    """As the decoders want them; a key or code that is none counts as not given."""
    key = _bytes(given.bind_key or given.bindkey, 16)
    return Options(
        token_company=given.token_company,
        token_marker=given.token_marker,
        altbeacon_code=_bytes(given.beacon_code, 2) or ALTBEACON_CODE,
        address=_NOT_HEX.sub("", (given.address or given.mac).lower()),
        bind_keys={"": key} if key else {},
    )


def _frames(line: _Line, options: Options) -> list[dict[str, object]]:
    try:
        data = bytes.fromhex(line.input)
    except ValueError:
        return []
    if line.input_kind == "ad_structures":
        beside = spoken_beside(data)
        return [{"format": frame.format, **frame.said(), **beside} for frame in decode(data, options)]
    if line.input_kind == "url_bytes":
        url = decode_url(data)
        return [] if url is None else [{"format": "eddystone_url_encoded", "url": url}]
    taken_apart = _structure(line.input_kind, data)
    frame = decode_structure(*taken_apart, options) if taken_apart else None
    return [] if frame is None else [{"format": frame.format, **frame.said()}]


def _structure(kind: str, data: bytes) -> tuple[int, bytes] | None:
    """The AD structure that holds `data`, as type and value; None for a kind we do not know."""
    if kind == "manufacturer_data":
        return MANUFACTURER_DATA, data
    if without_company := _WITHOUT_COMPANY.fullmatch(kind):
        return MANUFACTURER_DATA, _little(without_company[1]) + data
    if service := _SERVICE.fullmatch(kind):
        return SERVICE_DATA_16, _little(service[1]) + data
    return None


def _bytes(text: str, length: int) -> bytes:
    """The bytes that `text` spells; none where it spells no `length` of them."""
    try:
        spelt = bytes.fromhex(text)
    except ValueError:
        return b""
    return spelt if len(spelt) == length else b""


def _little(digits: str) -> bytes:
    return bytes.fromhex(digits)[::-1]
