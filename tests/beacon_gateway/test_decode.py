"""Rules of `beacon-gateway decode`: every published packet, as JSON lines in and out; what is no frame gives none."""

import io
import json
import random
import secrets
import subprocess
import sys
from typing import Any

import pytest

from beacon_gateway.decode import Wrong, decode_lines
from groundwork.adverts.formats.bthome_v2 import encode_bthome
from tests.groundwork.adverts.fuzz import bent_packets
from tests.groundwork.adverts.published import vectors
from tests.groundwork.adverts.test_published import TWO_WAYS_TO_READ

KEY, SENDER = bytes(range(16)), "a4c1388d18b2"


GOOD = b'{"id": 7, "input": "4c000215' + b"11" * 20 + b'c5", "input_kind": "manufacturer_data"}\n'


def asked(text: bytes) -> tuple[list[dict[str, Any]], list[Wrong]]:
    """The answers to `text`, and what was wrong in it."""
    said = list(decode_lines(io.BytesIO(text)))
    return [json.loads(each) for each in said if isinstance(each, bytes)], [each for each in said if isinstance(each, Wrong)]


def said(*lines: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The frames of each line."""
    answers, wrong = asked("\n".join(map(json.dumps, lines)).encode())
    assert wrong == []
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


@pytest.mark.parametrize(
    ("raw", "answered", "problem"),
    [
        (b"{", [], "truncated"),
        (b"hello", [], "malformed"),
        (b'"text"', [], "Expected `object`"),
        (b'{"input": "00"}', [], "missing required field `id`"),
        (b'{"id": 1}', [1], "missing required field `input`"),
        (b'{"id": 1, "input": 5}', [1], "$.input"),
        (b'{"id": 1, "input": null}', [1], "$.input"),
        (b'{"id": 1, "input": "00", "input_kind": []}', [1], "$.input_kind"),
        (b'{"id": 1, "input": "00", "options": 3}', [1], "$.options"),
        (b'{"id": 1, "input": "00", "options": {"token_marker": [1]}}', [1], "$.options.token_marker"),
        (b'{"id": "\xff", "input": "00"}', [], ""),
        (b'{"id": ' + b"[" * 100_000 + b', "input": "00"}', [], ""),
        (b'{"id": 1, "input": "' + b"0" * (1 << 21) + b'"}', [], "longer than 1048576 bytes"),
    ],
)
def test_a_line_of_another_form_is_told_and_the_next_is_read(raw: bytes, answered: list[Any], problem: str) -> None:
    answers, (wrong,) = asked(b"\xef\xbb\xbf" + GOOD + b"  \n" + raw + b"\n" + GOOD)
    assert [answer["id"] for answer in answers] == [7, *answered, 7]
    assert [bool(answer["frames"]) for answer in answers] == [True, *(False for _ in answered), True]
    assert wrong.line == 3
    assert problem in wrong.problem


def test_a_line_without_an_end_is_a_line_too() -> None:
    assert [answer["id"] for answer in asked(GOOD.strip())[0]] == [7]
    assert asked(b"") == ([], [])


@pytest.mark.parametrize(("language", "first"), [("en", "Line 2: "), ("ar", "السطر 2: ")])
def test_the_command_tells_of_wrong_lines_and_ends_with_2(language: str, first: str) -> None:
    command = [sys.executable, "-m", "beacon_gateway.cli", "decode", "--lang", language]
    done = subprocess.run(command, input=GOOD + b"?\n" + GOOD, capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.decode().startswith(first)
    assert len(done.stderr.splitlines()) == 1
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [7, 7]


def bent_lines(seed: int, rounds: int) -> bytes:
    """Lines as they are sent, some bent: packets, kinds, and the lines themselves. Prints the seed."""
    rng = random.Random(seed)
    kinds = [*["ad_structures"] * 9, "manufacturer_data", "service_data_feaa", "service_data_fcd2", "url_bytes", "service_data_ffe1"]
    lines = []
    for data in bent_packets(seed, rounds):
        options = {"bind_key": KEY.hex(), "address": SENDER, "token_company": 1, "token_marker": [1, 2]} if rng.random() < 0.5 else {}
        line = bytearray(json.dumps({"id": 1, "input": data.hex(), "input_kind": rng.choice(kinds), "options": options}).encode())
        for _ in range(rng.choice((0, 0, 1, 3))):
            line[rng.randrange(len(line))] = rng.randrange(256)
        lines.append(bytes(line[: rng.choice((len(line), rng.randrange(len(line))))]))
    return b"\n".join(lines)


@pytest.mark.parametrize("rounds", [100_000, pytest.param(10_000_000, marks=pytest.mark.long)])
def test_no_line_whatever_ends_the_run(rounds: int) -> None:
    for _ in range(rounds // 50_000):
        answers, wrong = asked(bent_lines(secrets.randbits(32), 50_000))
        assert sum(bool(answer["frames"]) for answer in answers) > 1_000
        assert len(wrong) > 1_000
