"""Rules of the status page: two languages, plain words, numbers for Prometheus, on loopback, and never in the gateway's way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from beacon_gateway.health import Health, RadioHealth
from beacon_gateway.settings import GatewaySettings
from beacon_gateway.status import Status, page, sentences
from groundwork.contracts.ids import GatewayId
from groundwork.plumbing.hops import Hops

RADIO = RadioHealth(
    radio=GatewayId("left"),
    adapter="hci0",
    heard=7,
    silent_ms=1_500,
    odd_after_ms=60_000,
    scanning=True,
    trouble="",
    repairs={"scan": 2},
)
WELL = Health(
    boot="b",
    waiting_batches=0,
    waiting_rows=0,
    spool_bytes=0,
    set_aside=0,
    gaps=0,
    acknowledged_ago_ms=10,
    clock_offset_ms=0,
    trouble="",
    heard=7,
    refused={},
    missing=0,
    radios=[RADIO],
)
ILL = msgspec.structs.replace(
    WELL,
    radios=[msgspec.structs.replace(RADIO, scanning=False, trouble="<b>NotReady</b>")],
    bluetooth_trouble="no such name",
    trouble="http_500",
    clock_synced=False,
    clock_offset_ms=500_000,
    temperature_c=85.2,
    disk_free_bytes=1_000,
    gaps=3,
)


@dataclass
class Box:
    settings: GatewaySettings = field(default_factory=lambda: GatewaySettings(status_address="127.0.0.1:0"))
    state: Health = WELL
    hops: Hops = field(default_factory=Hops)

    def health(self) -> Health:
        return self.state


@asynccontextmanager
async def served(box: Box) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    status = Status(box)
    await status.start()
    async with aiohttp.ClientSession() as client:
        yield client, f"http://127.0.0.1:{status.port}"
    await status.close()


async def test_the_page_speaks_the_language_that_is_asked_for() -> None:
    async with served(Box()) as (client, url):
        for asked, header, direction in (
            ("?lang=ar", "en", "rtl"),
            ("", "ar-SA,ar;q=0.9", "rtl"),
            ("", "fr", "ltr"),
            ("?lang=en", "ar", "ltr"),
        ):
            async with client.get(f"{url}/{asked}", headers={"Accept-Language": header}) as response:
                assert response.status == 200
                assert f'dir="{direction}"' in await response.text()
                assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_prometheus_gets_the_hops_and_every_radio() -> None:
    box = Box()
    box.hops.hop("gateway.gate", "adverts").take(3)
    async with served(box) as (client, url), client.get(f"{url}/metrics") as response:
        families = {each.name: each for each in text_string_to_metric_families(await response.text())}
    assert [(sample.labels, sample.value) for sample in families["gateway_radio_repairs"].samples] == [
        ({"radio": "left", "step": "scan"}, 2.0)
    ]
    assert families["gateway_radio_deaf"].samples[0].value == 0
    assert families["hop_in"].samples[0].value == 3
    assert "gateway_temperature_c" not in families


async def test_programs_get_the_same_as_json() -> None:
    async with served(Box(state=ILL)) as (client, url), client.get(f"{url}/health") as response:
        assert msgspec.json.decode(await response.read(), type=Health) == ILL


async def test_an_address_that_is_taken_costs_the_page_and_nothing_else() -> None:
    first, second = Status(Box()), Status(Box())
    await first.start()
    second = Status(Box(GatewaySettings(status_address=f"127.0.0.1:{first.port}")))
    await second.start()
    assert (first.port > 0, second.port) == (True, 0)
    await second.close()
    await first.close()


async def test_an_empty_address_shows_nothing() -> None:
    status = Status(Box(GatewaySettings(status_address="")))
    await status.start()
    assert status.port == 0
    await status.close()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_what_is_wrong_is_said_in_plain_words(language: str) -> None:
    settings = GatewaySettings()
    assert [well for well, _ in sentences(WELL, settings, language)] == [True, True]
    said = sentences(ILL, settings, language)
    assert [well for well, _ in said] == [False] * 7
    assert all(part in " ".join(text for _, text in said) for part in ("left", "http_500", "85", settings.server))


def test_a_clock_that_follows_nobody_but_is_right_is_no_trouble() -> None:
    unsynced = msgspec.structs.replace(WELL, clock_synced=False)
    assert all(well for well, _ in sentences(unsynced, GatewaySettings(), "en"))


def test_a_silence_longer_than_is_usual_counts_as_deaf() -> None:
    silent = msgspec.structs.replace(RADIO, silent_ms=60_000)
    assert msgspec.structs.replace(WELL, radios=[silent]).deaf == ["left"]
    assert WELL.deaf == []


def test_what_bluez_says_cannot_become_markup() -> None:
    assert "&lt;b&gt;NotReady" in page(ILL, GatewaySettings(), "en")
    assert "<b>" not in page(ILL, GatewaySettings(), "ar")


@pytest.mark.parametrize("address", ["127.0.0.1", "x y:1", "127.0.0.1:70000", ":80"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises((ValueError, msgspec.ValidationError)):
        msgspec.convert({"status_address": address}, GatewaySettings)
