"""`beacon-gateway decode`: what frames say, as JSON lines; for whoever wonders what a beacon sends, and for test vectors.

In:  {"id": "a", "input": "<hex>", "input_kind": "ad_structures", "options": {"token_company": 65535, "token_marker": [1, 2]}}
Out: {"id": "a", "frames": [{"format": "ibeacon", "uuid": "...", ...}]}

Input kinds: `ad_structures`; `manufacturer_data`, company id first, or `manufacturer_data_without_company_<4 hex>`;
`service_data_<4 hex>`. Other kinds, and bytes that are no frame we know, give no frames.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from beacon_gateway import exits, words
from beacon_gateway.exits import Stop
from groundwork.adverts.ad_structures import MANUFACTURER_DATA, SERVICE_DATA_16
from groundwork.adverts.decode import decode, decode_structure
from groundwork.adverts.frame import Frame, Options

_EXPECTED: Final = '{"id": "a", "input": "<hex>", "input_kind": "ad_structures"}'
_WITHOUT_COMPANY: Final = re.compile(r"manufacturer_data_without_company_([0-9a-fA-F]{4})")
_SERVICE: Final = re.compile(r"service_data_([0-9a-fA-F]{4})")


class _Options(msgspec.Struct, frozen=True):
    """Those of `Options`; others are for formats to come, and pass."""

    token_company: int | None = None
    token_marker: tuple[int, int] | None = None


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    id: Any
    input: str
    input_kind: str = "ad_structures"
    options: _Options = _Options()


_decoder = msgspec.json.Decoder(_Line)


def decode_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """One line out for each line in. Raises Stop at the first that is no JSON of this form, naming it."""
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        try:
            line = _decoder.decode(raw)
        except msgspec.DecodeError as error:
            raise Stop(words.DECODE_LINE, exits.BAD_INPUT, line=number, problem=error, expected=_EXPECTED) from error
        frames = [{"format": frame.format, **frame.said()} for frame in _frames(line)]
        yield msgspec.json.encode({"id": line.id, "frames": frames}) + b"\n"


def _frames(line: _Line) -> list[Frame]:
    try:
        data = bytes.fromhex(line.input)
    except ValueError:
        return []
    options = Options(line.options.token_company, line.options.token_marker)
    if line.input_kind == "ad_structures":
        return decode(data, options)
    taken_apart = _structure(line.input_kind, data)
    frame = decode_structure(*taken_apart, options) if taken_apart else None
    return [] if frame is None else [frame]


def _structure(kind: str, data: bytes) -> tuple[int, bytes] | None:
    """The AD structure that holds `data`, as type and value; None for a kind we do not know."""
    if kind == "manufacturer_data":
        return MANUFACTURER_DATA, data
    if without_company := _WITHOUT_COMPANY.fullmatch(kind):
        return MANUFACTURER_DATA, _little(without_company[1]) + data
    if service := _SERVICE.fullmatch(kind):
        return SERVICE_DATA_16, _little(service[1]) + data
    return None


def _little(digits: str) -> bytes:
    return bytes.fromhex(digits)[::-1]
