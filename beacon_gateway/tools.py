"""What people do at a box, as it is run: what `check` works with, the loop of `survey`, `rotate` and `resend`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, TextIO

from beacon_gateway import exits, words
from beacon_gateway import survey as surveys
from beacon_gateway.check import Means
from beacon_gateway.exits import Stop
from beacon_gateway.keeping import TagFile
from beacon_gateway.keys import read_key, signing_of
from beacon_gateway.line import Line
from beacon_gateway.machine import run_id
from beacon_gateway.rotate import Rotation
from beacon_gateway.settings import GatewaySettings
from beacon_gateway.source import Repairable, Source
from beacon_gateway.sources import SOURCES
from beacon_gateway.spool import Spool
from beacon_gateway.transport import HttpTransport
from groundwork.plumbing.clock import clock_from
from groundwork.plumbing.ids import SystemIds

_CLEAR: Final = "\x1b[H\x1b[2J"
"""Cursor home, clear the screen."""
_EVERY_S: Final = 1.0


@asynccontextmanager
async def means(settings: GatewaySettings) -> AsyncIterator[Means]:
    """What `check` needs, closed afterwards."""
    from beacon_gateway.bluez import Bluez

    clock = clock_from(settings.clock)
    made = Means(
        settings, Bluez(), HttpTransport(settings.server, ca_file=settings.ca_file), clock, SOURCES[settings.source](settings, clock, "")
    )
    try:
        yield made
    finally:
        await made.host.close()
        await made.transport.close()


async def survey(
    settings: GatewaySettings, out: TextIO, language: str, *, seconds: float, plain: bool, kept: TagFile | None = None
) -> None:
    """Listens and shows what is heard, every second; ends after `seconds` of the clock or with the source. Raises Stop as a source does.

    Adverts of the tags that `kept` names go into its file.
    """
    clock = clock_from(settings.clock)
    source = SOURCES[settings.source](settings, clock, "")
    heard = surveys.Survey(settings.gate(), settings.options())
    until_s = clock.monotonic_s() + seconds
    try:
        await source.start()
        _see_that_it_scans(source)
        while clock.monotonic_s() < until_s and not source.ended:
            await clock.sleep(min(_EVERY_S, until_s - clock.monotonic_s()))
            adverts = source.read(clock.now_ms()).adverts
            heard.hear(adverts)
            if kept is not None:
                kept.keep(adverts)
            _show(heard, clock.now_ms(), out, language, plain=plain)
    finally:
        await source.close()


async def rotate(settings: GatewaySettings) -> str:
    """Changes the signing key; the id of the one that is signed with from now on. Raises Stop where that could not be."""
    if settings.key_id:
        raise Stop(words.KEY_NAMED, exits.BAD_INPUT, key=settings.key_id)
    signing = signing_of(read_key(settings.key_file))
    line = Line(HttpTransport(settings.server, ca_file=settings.ca_file), signing, clock_from(settings.clock))
    rotation = Rotation(line, settings.key_file, settings.rotate_after_days)
    try:
        if not await rotation.turn():
            raise Stop(words.NOT_ROTATED, exits.ENVIRONMENT, problem=rotation.trouble)
    finally:
        await line.close()
    return line.signing.key_id


def resend(settings: GatewaySettings) -> int:
    """What was acknowledged and is still kept waits again; how many sightings that is. Raises Stop where a gateway runs on the spool."""
    clock = clock_from(settings.clock)
    spool = Spool(settings.spool_file, SystemIds(clock), clock, max_bytes=settings.spool_bytes, machine=run_id())
    try:
        return spool.wait_again()
    finally:
        spool.close()


def _see_that_it_scans(source: Source) -> None:
    """Raises Stop where every radio is mute: an empty table would not say why it is empty."""
    if isinstance(source, Repairable) and all(radio.trouble for radio in source.radios):
        radio = source.radios[0]
        raise Stop(words.ADAPTER, adapter=radio.adapter or "default", radio=radio.gateway, problem=radio.trouble)


def _show(heard: surveys.Survey, now_ms: int, out: TextIO, language: str, *, plain: bool) -> None:
    rows = heard.rows(now_ms)
    if plain:
        lines = [surveys.plain(row) for row in rows]
    else:
        lines = [surveys.summary(heard, rows, language), "", *surveys.table(rows, now_ms, language)]
        if out.isatty():
            out.write(_CLEAR)
    out.write("".join(f"{line}\n" for line in lines))
    out.flush()
