"""A till's side: what it sends, what it makes of the answers, and that a code stays out of sight."""

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from aislecast import exits
from aislecast.cli import main
from aislecast.commands import till as command
from aislecast.exits import Stop
from aislecast.folder import Folder, write_secret
from groundwork.contracts.ids import CampaignId, CouponId, PurchaseId, RedemptionId, TenantId, TillId, VenueId
from groundwork.contracts.purchase import Purchase, PurchaseLine, PurchaseRequest
from groundwork.contracts.redemption import Redemption, RedemptionRequest

CODE = "7K2Q9-XM4RT-8Z1PD"


@dataclass
class Server:
    """A server that takes one code, once, and remembers what it was asked."""

    url: str = ""
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    failures: int = 0
    """How many requests to drop before one is answered."""
    odd: bool = False
    """Whether to answer like something that is not Aislecast."""

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append((request.path, request.headers["Authorization"], body))
        if self.failures:
            self.failures -= 1
            assert request.transport is not None
            request.transport.close()
        if self.odd:
            return web.Response(status=502, text="<html>proxy</html>")
        if body.get("code", CODE) != CODE:
            problem = {"code": "coupon_unknown", "title": "Not Found", "detail": request.headers["Accept-Language"]}
            return web.json_response(problem, status=404, content_type="application/problem+json")
        if request.path == "/v1/purchases":
            return _encoded(_purchase(msgspec.convert(body, PurchaseRequest)))
        return _encoded(_redemption(body["receipt"]))


def _encoded(value: msgspec.Struct) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=201, content_type="application/json")


def _redemption(receipt: str) -> Redemption:
    return Redemption(
        id=RedemptionId("red-1"),
        tenant=TenantId("default"),
        venue=VenueId("demo"),
        till=TillId("till-1"),
        receipt=receipt,
        coupon=CouponId("c-1"),
        campaign=CampaignId("bread"),
        discount_minor=1_250,
        currency="SAR",
        redeemed_ms=1,
    )


def _purchase(request: PurchaseRequest) -> Purchase:
    return Purchase(
        id=PurchaseId("p-1"),
        tenant=TenantId("default"),
        venue=request.venue,
        till=TillId("till-1"),
        receipt=request.receipt,
        at_ms=request.at_ms,
        net_minor=sum(line.net_minor for line in request.lines),
        vat_minor=sum(line.vat_minor for line in request.lines),
        currency=request.currency,
        lines=len(request.lines),
        shopper_known=request.shopper_ref is not None,
    )


@asynccontextmanager
async def _listening(server: Server) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_post("/{rest:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    yield
    await runner.cleanup()


@contextmanager
def _in_a_thread(server: Server) -> Iterator[None]:
    """The command runs an event loop of its own, so the server has its own thread."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    stop = asyncio.Event()

    async def serve() -> None:
        async with _listening(server):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait(5)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)
        loop.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that listens, and an environment in which a till finds it."""
    server = Server()
    with _in_a_thread(server):
        monkeypatch.setenv("AISLECAST_SERVER", server.url)
        monkeypatch.setenv("AISLECAST_VENUE", "demo")
        monkeypatch.setenv("AISLECAST_TILL_TOKEN", "till-token")
        yield server


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts text on standard input."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_a_code_from_standard_input_is_redeemed(server: Server, typed: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    typed(f"{CODE}\n")
    assert main(["till", "redeem", "--code", "-", "--receipt", "R-1", "--basket", "9900"]) == exits.OK
    [(path, authorization, body)] = server.asked
    assert (path, authorization) == ("/v1/redemptions", "Bearer till-token")
    assert msgspec.convert(body, RedemptionRequest) == RedemptionRequest(
        code=CODE, receipt="R-1", venue=VenueId("demo"), basket_minor=9_900
    )
    said = capsys.readouterr()
    assert said.out == "Redeemed: 12.50 SAR off. Redemption red-1, receipt R-1.\n"
    assert CODE not in said.out + said.err


def test_a_code_from_a_file_is_redeemed_and_the_answer_may_be_json(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "code").write_text(f"{CODE}\nnot this line\n")
    assert main(["till", "redeem", "--code-file", str(tmp_path / "code"), "--json"]) == exits.OK
    answer = json.loads(capsys.readouterr().out)
    assert answer["discount_minor"] == 1_250
    assert answer["receipt"] == server.asked[0][2]["receipt"], "a receipt number of our own, where none was given"


def test_a_code_on_the_command_line_is_refused_before_it_is_sent(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["till", "redeem", "--code", CODE]) == exits.BAD_INPUT
    said = capsys.readouterr().err
    assert "--code-file" in said
    assert CODE not in said
    assert server.asked == []


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_refusal_is_said_in_the_servers_words_in_our_language(
    server: Server, typed: Callable[[str], None], language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    typed("WRONG\n")
    assert main(["--lang", language, "till", "redeem", "--code", "-"]) == exits.FAILED
    said = capsys.readouterr().err
    assert "coupon_unknown" in said
    assert language in said, "the server was asked for this language"


def test_a_lost_answer_is_asked_for_again_with_the_same_receipt(server: Server, typed: Callable[[str], None]) -> None:
    server.failures = 2
    typed(f"{CODE}\n")
    assert main(["till", "redeem", "--code", "-"]) == exits.OK
    assert len(server.asked) == 3
    assert len({json.dumps(body) for _, _, body in server.asked}) == 1


def test_a_server_that_does_not_answer_names_the_receipt_to_repeat(
    server: Server, typed: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    typed(f"{CODE}\n")
    line = ["till", "redeem", "--code", "-", "--receipt", "R-7", "--server", "http://127.0.0.1:1"]
    assert main(line) == exits.ENVIRONMENT
    assert "send the same receipt R-7 again" in capsys.readouterr().err


def test_something_that_is_not_aislecast_is_noticed(
    server: Server, typed: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    server.odd = True
    typed(f"{CODE}\n")
    assert main(["till", "redeem", "--code", "-"]) == exits.FAILED
    assert "answered 502 in a form that is not Aislecast's" in capsys.readouterr().err


def test_a_redemption_is_taken_back(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["till", "rollback", "red/1", "--receipt", "R-1"]) == exits.OK
    assert [(path, body) for path, _, body in server.asked] == [("/v1/redemptions/red/1/rollback", {"version": 1, "receipt": "R-1"})]
    assert "the coupon of receipt R-1 can be spent again" in capsys.readouterr().out


def test_a_receipt_is_reported(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["--line", "6281000000012:2:1390:209", "--line", "SKU-7:-1.5:-600:-90"]
    assert main(["till", "buy", "--receipt", "R-2", *lines, "--shopper", "wallet-9"]) == exits.OK
    request = msgspec.convert(server.asked[0][2], PurchaseRequest)
    assert [(line.product, line.quantity, line.net_minor, line.vat_minor) for line in request.lines] == [
        ("6281000000012", 2.0, 1390, 209),
        ("SKU-7", -1.5, -600, -90),
    ]
    assert request.shopper_ref == "wallet-9"
    assert capsys.readouterr().out == "Receipt R-2 is taken: 9.09 SAR with VAT (lines: 2).\n"


@pytest.mark.parametrize("line", ["", "SKU", "SKU:1:2", "SKU:one:2:3", "SKU:1:2.5:3", ":1:2:3", "SKU:1:2:3:4"])
def test_a_line_of_another_form_is_refused_with_an_example(line: str) -> None:
    with pytest.raises(Stop, match="GTIN:QUANTITY:NET:VAT") as caught:
        command.line_of(line)
    assert caught.value.code == exits.BAD_INPUT


def test_a_whole_line_is_read() -> None:
    assert command.line_of("SKU:0.25:-1:0") == PurchaseLine(product="SKU", quantity=0.25, net_minor=-1, vat_minor=0)  # type: ignore[arg-type] # an id


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["redeem", "--code", "-"], "No code was given"),
        (["redeem", "--code-file", "nowhere"], "The file nowhere cannot be read"),
        (["redeem", "--code", "-", "--token-file", "nowhere"], "The file nowhere cannot be read"),
        (["redeem", "--code", "-", "--ca", "nowhere"], "The file nowhere cannot be read"),
        (["redeem", "--code", "-", "--server", "demo:8000"], "starts with `http://` or `https://`; got demo:8000"),
        (["buy", "--receipt", "R", "--line", "x"], "GTIN:QUANTITY:NET:VAT"),
        (["buy", "--receipt", "R", "--line", "x:1:1:1", "--currency", "riyal"], "got riyal"),
    ],
)
def test_what_a_till_cannot_use_is_exit_code_2(
    server: Server, typed: Callable[[str], None], line: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    typed("")
    assert main(["till", *line]) == exits.BAD_INPUT
    assert said in capsys.readouterr().err
    assert server.asked == []


@pytest.mark.parametrize("missing", ["AISLECAST_TILL_TOKEN", "AISLECAST_VENUE"])
def test_what_a_till_needs_is_asked_for(
    server: Server, missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(missing)
    assert main(["till", "redeem", "--code", "-"]) == exits.BAD_INPUT
    assert missing in capsys.readouterr().err


def test_the_demo_shops_till_needs_nothing_set(
    server: Server, typed: Callable[[str], None], folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_secret(folder.demo_till, b"demo-token\ndemo-venue\n")
    monkeypatch.delenv("AISLECAST_TILL_TOKEN")
    monkeypatch.delenv("AISLECAST_VENUE")
    typed(f"{CODE}\n")
    assert main(["till", "redeem", "--code", "-", "--data", str(folder.root)]) == exits.OK
    [(_, authorization, body)] = server.asked
    assert (authorization, body["venue"]) == ("Bearer demo-token", "demo-venue")


@pytest.mark.parametrize(("minor", "text"), [(0, "0.00"), (5, "0.05"), (1250, "12.50"), (-7, "-0.07"), (-1250, "-12.50")])
def test_minor_units_are_shown_as_an_amount(minor: int, text: str) -> None:
    assert command.major(minor) == text
