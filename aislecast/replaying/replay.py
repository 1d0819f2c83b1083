"""Replay: a recorded walk through the same code as a live shop, as fast as it will go, and, where the truth is known, its score.

    recording -> adverts or ranged beacons -> gateway box or phone -> HTTP -> geofence -> notifier -> till

Everything is thrown away afterwards: a tenant of its own, one consenting shopper per device, one campaign (any zone, dwell 10 s, nobody
held out). Session i starts at 10:00 venue time on day i, so visits, budgets and device state of sessions never meet. The replay owns the
clock, and two replays of one recording are equal to the last bit.
"""

import asyncio
import os
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import aiohttp
import numpy as np
from numpy.typing import NDArray

from aislecast.boxes import Hearing, RunningBox
from aislecast.configuration import Configuration
from aislecast.deployment import Deployment, Extras, Keys, deploy, parts_of
from aislecast.exits import BAD_INPUT, OK, Stop
from aislecast.listening import on_loopback
from aislecast.migrations import upgrade
from aislecast.phone import Account, Phone
from aislecast.progress import Progress
from aislecast.replaying import report
from aislecast.replaying.pace import Pace
from aislecast.replaying.predictions import Predictions
from aislecast.replaying.survey import plan_with
from aislecast.runner import runner
from aislecast.scene import Carried, Person, Scene, Script, Secrets, set_scene
from aislecast.settings import ReplayOptions
from aislecast.till import Till
from aislecast.twin.recorded_plan import RECORDED_UUID, advert_bytes, known_beacon
from aislecast.twin.recording import Recording, read_recording, session_start_ms
from aislecast.words import Voice, clause_of_file
from floorplans.model import Plan
from geofence.positioning.anchors import Calibration
from geofence.positioning.fitting import is_of_elsewhere
from geofence.settings import Settings as GeofenceSettings
from groundwork.adverts.advert import Advert
from groundwork.adverts.gate import gate
from groundwork.contracts.ids import BeaconKey, BootId, CampaignId, GatewayId, TenantId, Track, VenueId
from groundwork.contracts.redemption import RedemptionRequest
from groundwork.people.settings import Settings as PeopleSettings
from groundwork.plumbing.clock import Clock, ManualClock, SystemClock
from groundwork.plumbing.db import Connection, open_database
from groundwork.plumbing.http import decoded
from groundwork.plumbing.ids import SeededIds
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Loop, Parts, settle
from groundwork.plumbing.telemetry import configure_logs
from notifier import queries as campaigns
from notifier.campaigns import Campaign, Offer, Percent, Texts
from notifier.channels.dry_run import DryRun
from notifier.rules import Dwelt
from notifier.settings import Settings as NotifierSettings

TENANT: Final = TenantId("replay")
VENUE: Final = VenueId("recorded")
BOX: Final = GatewayId("replay-box")
Rows = NDArray[np.intp]

TIME_ZONE: Final = "Asia/Riyadh"
SEED: Final = 20261121
BASKET_MINOR: Final = 10_000
"""What everybody buys, 100 riyals: the campaign gives a share of it."""
STEP_MS: Final = 5_000
"""At full speed, how much of the recording goes through at once: ten windows a batch, as a gateway's backlog does after an outage."""
SILENCE_MS: Final = 20_000
"""Let pass after a session, so that what is held is left by silence (15 s) ..."""
VISIT_END_MS: Final = 310_000
"""... and this, so that the visit ends (300 s) before the next session begins."""

_READING = Words("reading {recording}", "قراءة {recording}")
_PLAYING = Words("playing {sessions} sessions", "تشغيل الجلسات وعددها {sessions}")
_PLAYED = Words("session {session} of {sessions}, minute {minute}", "الجلسة {session} من {sessions}، الدقيقة {minute}")
_SCORING = Words("comparing with the truth", "المقارنة بالحقيقة")
_BAD_CALIBRATION = Words("{path}: {why}.", "{path}: {why}.")
_OF_ELSEWHERE = Words(
    "{path} names none of the radios of {recording}; it is a calibration of another place.",
    "لا يذكر {path} أيًا من أجهزة {recording}؛ فهو معايرة لمكان آخر.",
)


@dataclass(slots=True)
class Replay:
    """One recording on one deployment, with everything that plays a part in it."""

    recording: Recording
    options: ReplayOptions
    clock: ManualClock
    deployment: Deployment
    box: RunningBox
    phones: list[Phone]
    till: Till
    predictions: Predictions
    pace: Pace
    devices: dict[Track, str]
    """The recording's names of the devices."""
    progress: Progress
    _payloads: list[bytes] = field(init=False)
    _beacons: list[BeaconKey] = field(init=False)
    seconds: float = 0.0
    """How long it took, set at the end."""
    redemptions: int = 0
    _taken: int = 0

    def __post_init__(self) -> None:
        self._payloads = [advert_bytes(name) for name in self.recording.devices]
        self._beacons = [known_beacon(name).beacon for name in self.recording.devices]

    @property
    def loops(self) -> tuple[Loop, ...]:
        """The services' loops; the bus's own looks for other processes, and there are none."""
        return tuple(loop for service in self.deployment.services for loop in service.loops)

    async def play(self) -> None:
        """Plays every session."""
        await self.deployment.start()
        hear = self._range if self.recording.ranged else self._advertise
        heard = np.unique(self.recording.sightings.session).tolist()  # where nothing was, there is nothing to play
        sessions = len(heard)
        self.progress.step(_PLAYING, sessions=sessions)
        for session in heard:
            self.predictions.session = session
            start_ms = session_start_ms(session, TIME_ZONE)
            begun_ms, steps = self._steps(session)
            self.pace.begin(begun_ms)
            for end_ms, rows in steps:
                await self.pace.reach(end_ms)
                hear(rows, start_ms)
                self._feel(session, begun_ms, end_ms, start_ms)
                begun_ms = end_ms
                await self._advance(start_ms + end_ms)
                self.progress.count(_PLAYED, session=session + 1, sessions=sessions, minute=end_ms // 60_000)
            await self._end_of_session()

    def _advertise(self, rows: Rows, start_ms: int) -> None:
        """The rows as adverts of test beacons, to the box."""
        names, payloads = self.recording.receivers, self._payloads
        columns = self._columns(rows, start_ms)
        self.box.hear(Advert(GatewayId(names[radio]), at, rssi, payloads[device]) for radio, device, at, rssi in columns)

    def _range(self, rows: Rows, start_ms: int) -> None:
        """The rows as beacons that phones hear."""
        for phone, beacon, at, rssi in self._columns(rows, start_ms):
            self.phones[phone].hear(self._beacons[beacon], at, rssi)

    def _feel(self, session: int, from_ms: int, until_ms: int, start_ms: int) -> None:
        """The session's steps in this span, to the phone that is carried in it: a recording has one a session."""
        steps, heard = self.recording.steps, self.recording.sightings
        felt = np.flatnonzero((steps.session == session) & (steps.t_ms >= from_ms) & (steps.t_ms < until_ms))
        if not len(felt) or not self.recording.ranged:
            return
        carried = heard.receiver[np.searchsorted(heard.session, session)]
        for t_ms, heading in zip(steps.t_ms[felt].tolist(), steps.heading_deg[felt].tolist(), strict=True):
            self.phones[carried].feel(t_ms + start_ms, None if np.isnan(heading) else heading)

    def _columns(self, rows: Rows, start_ms: int) -> Iterator[tuple[int, int, int, float]]:
        heard = self.recording.sightings
        columns = (heard.receiver[rows], heard.device[rows], heard.t_ms[rows] + start_ms, heard.rssi_dbm[rows])
        return zip(*(column.tolist() for column in columns), strict=True)

    def _steps(self, session: int) -> tuple[int, Iterator[tuple[int, Rows]]]:
        """The session cut into steps: when the first begins, before which nothing was heard; when each ends, in ms, and its rows."""
        heard = self.recording.sightings
        rows = np.flatnonzero(heard.session == session)
        step_ms = STEP_MS if self.options.speed == "max" else self.options.window_ms
        begun, ended = (max(0, int(heard.t_ms[row])) // step_ms for row in rows[[0, -1]])  # scans may begin before their session
        ends = np.arange(begun + 1, ended + 2) * step_ms
        cuts = np.searchsorted(heard.t_ms[rows], ends[:-1])
        return begun * step_ms, zip(ends.tolist(), np.split(rows, cuts), strict=True)

    async def _advance(self, now_ms: int) -> None:
        """Time moves on: windows close, batches and reports go out, and the services do what follows until nothing is left to do."""
        self.clock.set(max(now_ms, self.clock.now_ms()))
        self.box.advance(now_ms)
        await self.box.send()
        for phone in self.phones:
            phone.advance(now_ms)
            await phone.report()
        await settle(self.loops)

    async def _end_of_session(self) -> None:
        """The shopper pays, and silence ends what is open."""
        await self._redeem()
        for silence_ms in (SILENCE_MS, VISIT_END_MS):
            self.clock.set(self.clock.now_ms() + silence_ms)
            await settle(self.loops)

    async def _redeem(self) -> None:
        """Takes every coupon that was pushed since the last time to the till."""
        dry_run = self.deployment.channels["dry_run"]
        assert isinstance(dry_run, DryRun)
        fresh = list(dry_run)[-(dry_run.count - self._taken) :] if dry_run.count > self._taken else []
        self._taken = dry_run.count
        for push in fresh:
            request = RedemptionRequest(code=push.code, receipt=f"receipt-{push.id[:12]}", venue=VENUE, basket_minor=BASKET_MINOR)
            with suppress(Stop):  # no longer valid after a long session, say: the hop `redeem` tells why
                await self.till.redeem(request)
                self.redemptions += 1


def run(options: ReplayOptions, wall: Clock | None = None) -> int:
    """Runs the command: prints what was counted and scored. `wall` is the clock that `--speed` is held to.

    Raises RecordingError for a recording that cannot be read.
    """
    voice, clock = Voice(options.language), wall or SystemClock()
    progress = Progress(voice, options.progress, clock.monotonic_s)
    progress.step(_READING, recording=options.recording)
    recording = read_recording(options.recording, options.part, options.sessions)
    configure_logs("warning")
    began = os.times().elapsed
    outcome = runner()(_replay(recording, options, Pace(clock, options.speed), progress))
    outcome.seconds = round(os.times().elapsed - began, 2)
    if options.score:
        progress.step(_SCORING)
    figures = _figures(outcome, options)
    sys.stdout.write(report.as_json(figures) if options.json else report.as_text(figures, voice))
    return OK


def _figures(replay: Replay, options: ReplayOptions) -> dict[str, Any]:
    """What is reported; writes the predictions where that was asked for."""
    recording, predictions = replay.recording, replay.predictions
    starts = [session_start_ms(session, TIME_ZONE) for session in range(len(recording.sessions))]
    if options.predictions is not None:
        predictions.write(options.predictions, recording.sessions, starts, replay.devices)
    hops = replay.deployment.parts.hops
    ingest, decide = hops.hop("ingest", "sightings"), hops.hop("decide", "zone events")
    figures: dict[str, Any] = {
        "recording": recording.name,
        "part": recording.part,
        "sessions": len(recording.sessions),
        "adverts": hops.hop("phone" if recording.ranged else "gateway.gate", "adverts").in_,
        "sightings": ingest.in_,
        "fixes": len(predictions.rows),
        "zone_events": decide.in_,
        "decisions": decide.out,
        "pushes": hops.hop("outbox", "pushes").out,
        "redemptions": replay.redemptions,
    }
    if options.score:
        figures |= report.scored(recording, predictions.as_rows(recording.sessions, starts, replay.devices))
    return {**figures, "seconds": replay.seconds, "hops": report.counts(hops)}


async def _replay(recording: Recording, options: ReplayOptions, pace: Pace, progress: Progress) -> Replay:
    with tempfile.TemporaryDirectory(prefix="aislecast-replay-") as folder:
        async with _stage(recording, options, pace, progress, Path(folder)) as replay:
            await replay.play()
        return replay


@asynccontextmanager
async def _stage(recording: Recording, options: ReplayOptions, pace: Pace, progress: Progress, folder: Path) -> AsyncIterator[Replay]:
    """Everything a replay needs, in `folder`; taken down again at the end."""
    clock = ManualClock(session_start_ms(0, TIME_ZONE) - 60_000)
    url = f"sqlite:///{folder / 'replay.db'}"
    await asyncio.to_thread(upgrade, url)
    db = await open_database(url, durable=False)
    randbytes = random.Random(SEED).randbytes  # guards nothing: everything is thrown away with the replay
    parts = parts_of(db, clock, SeededIds(clock, SEED), "replay", alone=True, randbytes=randbytes)
    secrets, predictions = Secrets(b"replay"), Predictions(aisles=report.aisles_of(recording))
    settings = Configuration(
        geofence=GeofenceSettings(refresh_ms=5_000),
        notifier=NotifierSettings(global_holdout=0.0, outbox_poll_s=3_600.0),
        people=PeopleSettings(refresh_ms=5_000),
    )  # nobody held out; and no looking for what other processes did, since there are none
    calibration = _calibration(options.calibration, recording)
    extras = Extras(predictions.observe, calibration)
    deployment = deploy(parts, settings, Keys(secrets.raw("coupons", 32), secrets.raw("vault", 32)), extras)
    scene = await db.write(lambda conn: _set(conn, recording, options, calibration, secrets, clock.now_ms()))
    async with on_loopback(deployment.app) as server, aiohttp.ClientSession() as http:
        hearing = Hearing(TENANT, server, gate(ibeacon_uuids=[RECORDED_UUID]), window_ms=options.window_ms, durable=False)
        box = RunningBox(scene.boxes[0], hearing, folder / "box.spool", parts)
        phones = [_phone(server, carried, http, parts, options.window_ms) for carried in scene.devices] if recording.ranged else []
        till = Till(server, scene.till_token, options.language)
        devices = {carried.subject.track: name for carried, name in zip(scene.devices, recording.carried, strict=True)}
        try:
            yield Replay(recording, options, clock, deployment, box, phones, till, predictions, pace, devices, progress)
        finally:
            await box.close()
            await deployment.stop()
            await db.close()


def _set(
    conn: Connection, recording: Recording, options: ReplayOptions, calibration: Calibration | None, secrets: Secrets, now_ms: int
) -> Scene:
    campaigns.add_campaign(conn, campaign(), now_ms)
    return set_scene(conn, script(recording, options.window_ms, calibration), secrets, now_ms)


def _phone(server: str, carried: Carried, http: aiohttp.ClientSession, parts: Parts, window_ms: int) -> Phone:
    return Phone(Account(server, carried.token, TENANT, VENUE, BootId("replay")), http, parts.hops, window_ms)


def _calibration(file: Path | None, recording: Recording) -> Calibration | None:
    """The calibration in `file`. One of another place would make every fix worse and say nothing of it."""
    if file is None:
        return None
    try:
        found = decoded(file.read_bytes(), Calibration)
    except Refusal as refusal:
        raise Stop(_BAD_CALIBRATION, BAD_INPUT, path=file, why=clause_of_file(refusal)) from refusal
    if is_of_elsewhere(found, plan_with(recording, found, TENANT, VENUE)):
        raise Stop(_OF_ELSEWHERE, BAD_INPUT, path=file, recording=recording.name)
    return found


def script(recording: Recording, window_ms: int, calibration: Calibration | None = None) -> Script:
    """The recording as a scene: one box with the recording's receivers as its radios, one shopper per device."""
    plan = _with_window(plan_with(recording, calibration, TENANT, VENUE), window_ms)
    radios = () if recording.ranged else tuple(GatewayId(name) for name in recording.receivers)
    beacon = {name: None if recording.ranged else known_beacon(name).beacon for name in recording.carried}
    return Script(plan, {BOX: radios}, [Person(name, beacon=beacon[name]) for name in recording.carried])


def campaign() -> Campaign:
    """The replay's one campaign: any zone, dwell 10 s, nobody held out."""
    return Campaign(
        id=CampaignId("replay-any-zone"),
        tenant=TENANT,
        names=Texts("أي منطقة", "Any zone"),
        offer=Offer(
            title=Texts("خصم {value}", "{value} off"),
            body=Texts("أظهر الرمز {code} عند الدفع.", "Show the code {code} at the till."),
            value=Percent(10),
        ),
        trigger=Dwelt(10),
        state="live",
        holdout_share=0.0,
    )


def _with_window(plan: Plan, window_ms: int) -> Plan:
    policy = replace(plan.venue.policy, window_ms=window_ms)
    return replace(plan, venue=replace(plan.venue, policy=policy))
