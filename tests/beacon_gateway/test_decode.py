"""Rules of `beacon-gateway decode`: every published packet, as JSON lines in and out; what is no frame gives none."""

import json
from typing import Any

import pytest

from beacon_gateway.decode import decode_lines
from beacon_gateway.exits import Stop
from groundwork.adverts.formats.bthome_v2 import encode_bthome
from tests.groundwork.adverts.published import vectors
from tests.groundwork.adverts.test_published import TWO_WAYS_TO_READ

KEY, SENDER = bytes(range(16)), "a4c1388d18b2"


def said(*lines: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The frames of each line."""
    answers = [json.loads(each) for each in decode_lines([json.dumps(line).encode() for line in lines])]
    assert [answer["id"] for answer in answers] == [line["id"] for line in lines]
    return [answer["frames"] for answer in answers]


def test_every_published_packet_is_answered_with_its_fields_by_their_names() -> None:
    asked = [each for each in vectors() if each.id not in TWO_WAYS_TO_READ]
    for vector, frames in zip(asked, said(*(each.line for each in asked)), strict=True):
        if vector.expect is None:
            assert frames == [], vector.id
        else:
            (frame,) = frames
            assert frame["format"] == vector.format, vector.id
            assert {name: frame.get(name, "nothing") for name in vector.expect} == vector.expect, vector.id


@pytest.mark.parametrize("names", [("bind_key", "address"), ("bindkey", "mac")])
def test_an_encrypted_frame_is_opened_with_the_key_and_address_given(names: tuple[str, str]) -> None:
    data = encode_bthome(bytes.fromhex("02ca09"), key=KEY, sender=SENDER, counter=7)
    options = dict(zip(names, (KEY.hex(), "A4:C1:38:8D:18:B2"), strict=True))
    right, wrong, none = said(
        {"id": 1, "input": data.hex(), "options": options},
        {"id": 2, "input": data.hex(), "options": {**options, names[0]: "00" * 16}},
        {"id": 3, "input": data.hex()},
    )
    assert [(frame["Temperature"], frame["counter"]) for frame in right] == [(25.06, 7)]
    assert (wrong, none) == ([], [])


@pytest.mark.parametrize("kind", ["identity_key", "service_data_", "service_data_12345", "manufacturer_data_without_company_x", ""])
def test_a_kind_we_do_not_know_gives_no_frames(kind: str) -> None:
    assert said({"id": 1, "input": "00", "input_kind": kind}) == [[]]


@pytest.mark.parametrize("text", ["zz", "0", "", "é"])
def test_input_that_is_no_hex_gives_no_frames(text: str) -> None:
    assert said({"id": 1, "input": text}, {"id": 2, "input": text, "input_kind": "url_bytes"}) == [[], []]


@pytest.mark.parametrize("options", [{"bind_key": "x"}, {"bind_key": "00"}, {"beacon_code": "z"}, {"anything": 1}, None])
def test_an_option_that_is_none_of_ours_passes(options: object) -> None:
    (frames,) = said({"id": 1, "input": "4c000215" + "11" * 20 + "c5", "input_kind": "manufacturer_data", "options": options})
    assert [frame["format"] for frame in frames] == ["ibeacon"]


def test_a_line_that_is_no_json_is_named() -> None:
    with pytest.raises(Stop, match="Line 2"):
        list(decode_lines([b'{"id": 1, "input": "00"}', b"{"]))
