"""Published packets: bytes from other projects' test suites and from specifications, with what their authors say they mean."""

import json
from typing import Any, NamedTuple

from groundwork.adverts.formats import FORMATS
from tests.data import data_folder

READ = {each.name for each in FORMATS} | {"eddystone_url_encoded"}
"""Formats of the vectors that are ours to read; of the others nothing may come."""


class Vector(NamedTuple):
    """One packet; `expect` is None where nothing may be read in it."""

    id: str
    format: str
    line: dict[str, Any]
    """As `beacon-gateway decode` takes it."""
    expect: dict[str, Any] | None


def vectors() -> list[Vector]:
    """All of them; skips the test where they are not there."""
    path = data_folder(".") / "ble-vectors.json"
    return [_vector(each) for each in json.loads(path.read_text())["vectors"]]


def _vector(raw: dict[str, Any]) -> Vector:
    line = {"id": raw["id"], "input": raw["input"], "input_kind": raw["input_kind"], "options": raw.get("options", {})}
    expect = raw["expect"] if raw["valid"] and raw["format"] in READ else None
    if expect and "beacon_code" in expect:  # an AltBeacon with a code of its own, which only a receiver that was told of it reads
        line["options"] = {"beacon_code": expect["beacon_code"]}
    return Vector(raw["id"], raw["format"], line, expect)


def structures_of(vector: Vector) -> bytes:
    """The packet as AD structures; empty for what is no packet."""
    kind, packet = vector.line["input_kind"], bytes.fromhex(vector.line["input"])
    if kind == "ad_structures":
        return packet
    if kind.startswith("manufacturer_data"):
        packet = b"\xff" + (bytes.fromhex(kind[-4:])[::-1] if "company" in kind else b"") + packet
    elif kind.startswith("service_data"):
        packet = b"\x16" + bytes.fromhex(kind[-4:])[::-1] + packet
    else:
        return b""
    return bytes((len(packet),)) + packet
