"""What a request may hold: fields, JSON, texts, headers, bodies and queries that are taken, and those that are refused by name."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator

import pytest

from groundwork.plumbing.clock import ManualClock
from tests.groundwork.plumbing.crates import (
    BODY,
    RAW,
    WRITES,
    Client,
    problem,
    serving,
)


@pytest.fixture
async def client(clock: ManualClock) -> AsyncIterator[Client]:
    async with serving(clock) as made:
        yield made


@pytest.mark.parametrize(
    ("body", "code", "at", "in_detail"),
    [
        (b'{"crates":[{"weight_kg":1},{"weight_kg":-2}]}', "field_wrong", "/crates/1/weight_kg", "-2; expected `float` >= 0"),
        (b'{"crates":[{"weight_kg":"heavy"}]}', "field_wrong", "/crates/0/weight_kg", '"heavy"; expected `float`'),
        (b'{"crates":7}', "field_wrong", "/crates", "7; expected `array`"),
        (b'{"crates":[{}]}', "field_missing", "/crates/0/weight_kg", "missing"),
        (b'{"crates":[{"weight_kg":1,"colour":"red"}]}', "field_unknown", "/crates/0/colour", "no field"),
        (b"[]", "field_wrong", "/", "expected `object`"),
    ],
)
async def test_a_wrong_field_is_named_with_its_value_and_what_was_expected(
    client: Client, body: bytes, code: str, at: str, in_detail: str
) -> None:
    told = await problem(client, "POST", "/loads/7/weigh", data=body, headers=WRITES)
    assert (told["status"], told["code"], told["at"]) == (422, code, at)
    assert in_detail in told["detail"]


DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"\xff\xfe",
        b"nonsense",
        pytest.param(b'{"crates":5,', id="cut off behind a wrong field"),
        pytest.param(DEEP, id="nested without end"),
        pytest.param(b'{"more":' + DEEP, id="nested without end in a field that nobody reads"),
        pytest.param(b'{"crates":' + b"1" * 5_000 + b"}", id="a number beyond measure"),
    ],
)
async def test_what_is_no_json_is_refused(client: Client, body: bytes) -> None:
    assert (await problem(client, "POST", "/loads/7/weigh", data=body, headers=WRITES))["code"] == "body_no_json"


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (b'{"crates":[{"weight_kg":1},{"weight_kg":1,"label":"a\\u0000b"}]}', "/crates/1/label"),
        (b'{"crates":[],"a\\u0000":1}', "/"),
        (b'{"crates":[],"a/b":["\\u0000"]}', "/a~1b/0"),
    ],
)
async def test_a_nul_in_a_text_is_refused_with_its_place(client: Client, body: bytes, at: str) -> None:
    told = await problem(client, "POST", "/loads/1/weigh", data=body, headers=WRITES)
    assert (told["code"], told["status"], told["at"]) == ("nul_character", 400, at)


async def test_the_word_for_a_nul_is_none(client: Client) -> None:
    body = rb'{"crates":[{"weight_kg":1,"label":"\\u0000"}]}'
    async with client.post("/loads/1/weigh", data=body, headers=WRITES) as answer:
        assert answer.status == 201


@pytest.mark.parametrize("path", ["/loads/a%00b/weigh", "/loads/1/weigh?label=%00"])
async def test_a_nul_in_the_path_or_the_query_is_refused_for_every_route(client: Client, path: str) -> None:
    told = await problem(client, "POST", path, data=BODY, headers=WRITES)
    assert (told["code"], told["status"]) == ("nul_character", 400)


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        (b"Authorization: Bearer \xff\xfe", 401, b"token_unknown"),
        (b"Content-Encoding: \xff", 415, b"content_encoding"),
        (b"X-Request-Id: \xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff", 401, b"token_missing"),
        (b"X-Word: a\0b", 400, b""),
    ],
)
async def test_a_header_that_is_no_text_is_refused_and_breaks_nothing(client: Client, header: bytes, status: int, code: bytes) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(b"GET /pages HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header + b"\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert int(answer.split()[1]) == status
    assert code in answer


@pytest.mark.parametrize(
    ("query", "en", "ar"),
    [
        ("on=yesterday", "expected a date such as 2026-11-01", "والمتوقع تاريخ مثل 2026-11-01"),
        ("order=sideways", "expected one of down, up", "والمتوقع إحدى القيم down، up"),
    ],
)
async def test_what_was_expected_is_said_where_the_decoder_says_only_what_is_wrong(client: Client, query: str, en: str, ar: str) -> None:
    told = await problem(client, "GET", f"/pages?{query}", headers={"Authorization": "Bearer reads"})
    assert (told["status"], told["code"]) == (422, "field_wrong")
    assert en in told["detail_en"]
    assert ar in told["detail_ar"]


async def test_a_very_long_value_is_cut_in_the_sentence(client: Client) -> None:
    told = await problem(client, "POST", "/loads/7/weigh", data=json.dumps({"crates": "x" * 5000}).encode(), headers=WRITES)
    assert len(told["detail"]) < 400


async def test_a_slow_handler_is_ended(client: Client) -> None:
    assert (await problem(client, "GET", "/slow"))["code"] == "too_slow"


async def test_a_body_that_does_not_arrive_is_given_up(client: Client) -> None:
    async def dripping() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    told = await problem(client, "POST", "/raw", data=dripping(), headers={"Content-Type": "application/x-thing"})
    assert (told["status"], told["code"]) == (408, "body_too_slow")


async def test_a_body_up_to_the_limit_is_taken_and_one_byte_more_is_not(client: Client) -> None:
    async with client.post("/raw", data=bytes(10_000), headers=RAW) as answer:
        assert await answer.text() == "10000"
    assert (await problem(client, "POST", "/raw", data=bytes(10_001), headers=RAW))["code"] == "body_too_large"


async def test_a_body_without_a_length_is_limited_too(client: Client) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield bytes(1_000)

    assert (await problem(client, "POST", "/raw", data=endless(), headers=RAW))["status"] == 413


async def test_a_zip_bomb_is_refused_by_its_unpacked_size(client: Client) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 60_000
    for packed in (gzip.compress(bytes(10_001)), bomb[:9_000]):
        told = await problem(client, "POST", "/raw", data=packed, headers={**RAW, "Content-Encoding": "gzip"})
        assert (told["status"], told["code"]) == (413, "body_too_large")


async def test_a_body_that_is_not_what_it_says_is_refused(client: Client) -> None:
    told = await problem(client, "POST", "/raw", data=b"no gzip", headers={**RAW, "Content-Encoding": "gzip"})
    assert told["code"] == "body_unreadable"
    told = await problem(client, "POST", "/raw", data=b"x", headers={**RAW, "Content-Encoding": "compress"})
    assert (told["status"], told["code"]) == (415, "content_encoding")
    told = await problem(client, "POST", "/raw", data=b"x", headers={"Content-Type": "text/plain"})
    assert (told["status"], told["code"]) == (415, "media_type")


async def test_a_query_is_read_by_its_type(client: Client) -> None:
    reads = {"Authorization": "Bearer reads"}
    async with client.get("/pages?limit=5&label=a&label=b&lang=ar", headers=reads) as answer:
        assert await answer.json() == {"limit": 5, "label": ["a", "b"]}
    for query, code, at in (
        ("limit=0", "field_wrong", "/limit"),
        ("limit=x", "field_wrong", "/limit"),
        ("size=1", "field_unknown", "/size"),
    ):
        told = await problem(client, "GET", f"/pages?{query}", headers=reads)
        assert (told["code"], told["at"]) == (code, at)
