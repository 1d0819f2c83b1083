"""Check: what is wrong with radio, permissions, clock, disk and server, in plain words and with what to do. Changes nothing.

Each check answers with findings; nothing here raises for what is wrong with the box. The server is asked with an empty signed batch, which
it refuses after it has looked at the signature: so address, certificate, key and clock are all tried, and nothing is left behind.
Words for a running gateway's state are `status.py`'s.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beacon_gateway import machine, words
from beacon_gateway.exits import Stop, spoken
from beacon_gateway.host import Adapter, BluetoothAway, BusTrouble, Host
from beacon_gateway.keys import read_key, signing_of
from beacon_gateway.line import Answer, Transport, TransportFailed
from beacon_gateway.outside import decoded
from beacon_gateway.settings import GatewaySettings
from beacon_gateway.source import Repairable, Source
from beacon_gateway.survey import Survey
from beacon_gateway.transport import unreachable
from beacon_gateway.uplink import PATH
from groundwork.contracts.sighting import FRAME_TYPE
from groundwork.plumbing import signatures
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.reasons import Words

RFKILL: Final = Path("/sys/class/rfkill")
_HOT_C: Final = 80.0
_CLOCK_OFF_MS: Final = 5_000
"""Beyond it somebody should look; the gateway signs and stamps by the server's time all the same."""
_LEAST_FREE: Final = 0.1
"""Of the disk; a full one takes the whole machine with it."""


class State(StrEnum):
    """How a finding is meant."""

    WELL = "well"
    ODD = "odd"
    """It works, and could do better or may not for long."""
    ILL = "ill"
    """It does not work."""


class Finding(NamedTuple):
    """What one check found."""

    state: State
    words: Words
    values: Mapping[str, object] = MappingProxyType({})

    def said(self, language: str) -> str:
        """The sentence in `language` (`ar`, else English)."""
        return self.words.said(language, **spoken(self.values))


_KEY: Final = Words("The signing key {path} is there, and only its owner can read it.", "مفتاح التوقيع {path} موجود ولا يقرؤه إلا مالكه.")
_NO_BUS: Final = Words(
    "The system's D-Bus cannot be asked about Bluetooth: {problem}. Install `dbus`, and run this as a member of the group `bluetooth`.",
    "تعذر سؤال ناقل النظام D-Bus عن البلوتوث: {problem}. ثبّت `dbus` ونفّذ هذا الأمر بحساب عضو في المجموعة `bluetooth`.",
)
_NO_BLUETOOTHD: Final = Words(
    "The Bluetooth service does not run. Start it: `sudo systemctl enable --now bluetooth`; if it is not there: `sudo apt install bluez`.",
    "خدمة البلوتوث متوقفة. شغّلها بالأمر `sudo systemctl enable --now bluetooth`، وإن لم تكن مثبتة فنفّذ `sudo apt install bluez`.",
)
_NO_ADAPTER: Final = Words(
    "No Bluetooth adapter is there. Plug one in; on a Raspberry Pi, see that `dtoverlay=disable-bt` is not in config.txt.",
    "لا يوجد محوّل بلوتوث. صِل محوّلًا؛ وعلى جهاز Raspberry Pi تأكد من خلو الملف config.txt من `dtoverlay=disable-bt`.",
)
_MISSING: Final = Words(
    "The radio {radio} is set to the adapter {adapter}, which is not there; there are: {known}.",
    "جهاز الاستقبال {radio} مضبوط على المحوّل {adapter} وهو غير موجود؛ والموجود: {known}.",
)
_OFF: Final = Words(
    "The adapter {adapter} is switched off. Switch it on: `bluetoothctl power on`.",
    "المحوّل {adapter} مطفأ. شغّله بالأمر `bluetoothctl power on`.",
)
_BLOCKED: Final = Words(
    "Bluetooth is blocked by software (rfkill). Free it: `sudo rfkill unblock bluetooth`.",
    "البلوتوث محجوب برمجيًا (rfkill). ألغِ الحجب بالأمر `sudo rfkill unblock bluetooth`.",
)
_SWITCHED: Final = Words(
    "Bluetooth is blocked by a switch on the machine; turn the switch.", "البلوتوث محجوب بمفتاح على الجهاز نفسه؛ حرّك المفتاح."
)
_ADAPTER: Final = Words("The adapter {adapter} ({address}) is there and on.", "المحوّل {adapter} ({address}) موجود ويعمل.")
_NO_SCAN: Final = Words(
    "The radio {radio} does not scan: {problem}. Restart Bluetooth: `sudo systemctl restart bluetooth`.",
    "جهاز الاستقبال {radio} لا يمسح: {problem}. أعد تشغيل البلوتوث بالأمر `sudo systemctl restart bluetooth`.",
)
_HEARD: Final = Words(
    "{adverts} adverts were heard in {seconds} s, {beacons} of our beacons among them.",
    "التُقط {adverts} من الإعلانات في {seconds} ث، منها {beacons} من مناراتنا.",
)
_HEARD_NOTHING: Final = Words(
    "Nothing was heard in {seconds} s. Bring a beacon close; if that does not help, pull the adapter out and plug it in again.",
    "لم يُلتقط شيء خلال {seconds} ث. قرّب منارة من الجهاز؛ فإن لم ينفع ذلك فافصل المحوّل ثم صِله من جديد.",
)
_HEARD_STRANGERS: Final = Words(
    "{adverts} adverts were heard in {seconds} s, and no rule lets one pass. `beacon-gateway survey` shows which beacons are there.",
    "التُقط {adverts} من الإعلانات في {seconds} ث، ولا تسمح أي قاعدة بمرورها. اعرف المنارات الموجودة بالأمر `beacon-gateway survey`.",
)
_NO_RULES: Final = Words(
    "There is no allow rule, so no beacon passes. Set `allow_ibeacon` or another rule.",
    "لا توجد أي قاعدة سماح، فلا تمر أي منارة. اضبط `allow_ibeacon` أو قاعدة أخرى.",
)
_CLOCK_WELL: Final = Words("The clock follows a time server.", "الساعة تتبع خادم توقيت.")
_CLOCK_FREE: Final = Words(
    "The clock follows no time server. Turn it on: `sudo timedatectl set-ntp true`. Until then the server's time is used.",
    "لا تتبع الساعة خادم توقيت. فعّل ذلك بالأمر `sudo timedatectl set-ntp true`. وإلى ذلك الحين يُعتمد توقيت الخادم.",
)
_CLOCK_OFF: Final = Words(
    "The server's clock shows {seconds} s more than ours (less, where negative). The gateway corrects itself; see to the time server.",
    "ساعة الخادم تسبق ساعتنا بمقدار {seconds} ث (وتتأخر عنها إن كان سالبًا). تصحح البوابة ذلك بنفسها؛ وراجع خادم التوقيت.",
)
_DISK_WELL: Final = Words(
    "There is room on disk: {free} MB, the spool takes {wanted} at most.", "في القرص متسع: {free} م.ب، وأقصى ما يُحفظ {wanted}."
)
_DISK_LITTLE: Final = Words(
    "There is little room on disk: {free} MB, while {wanted} may be needed when the server is away. Make room, or lower `spool_bytes`.",
    "المتسع في القرص قليل: {free} م.ب، وقد يلزم {wanted} عند انقطاع الخادم. وفّر مساحة أو خفّض `spool_bytes`.",
)
_DISK_GONE: Final = Words(
    "The folder of the spool {path} cannot be used: {problem}. Make it, and give it to the gateway's account.",
    "تعذر استخدام مجلد مخزن الإرسال {path}: {problem}. أنشئه واجعله لحساب البوابة.",
)
_SERVER_WELL: Final = Words("The server {server} answers and knows our key.", "الخادم {server} يجيب ويعرف مفتاحنا.")
_SERVER_KEY: Final = Words(
    "The server {server} refuses our key {key} (`{code}`). Ask for a code there and enrol the box again: `beacon-gateway enrol`.",
    "الخادم {server} يرفض مفتاحنا {key} (`{code}`). اطلب منه رمزًا وسجّل الجهاز من جديد: `beacon-gateway enrol`.",
)
_HOT: Final = Words("The box is hot: {degrees} °C. Give it air.", "حرارة الجهاز مرتفعة: {degrees} درجة مئوية. وفّر له التهوية.")
_COOL: Final = Words("The temperature is {degrees} °C.", "درجة الحرارة {degrees} مئوية.")


class Means(NamedTuple):
    """What the checks work with."""

    settings: GatewaySettings
    host: Host
    transport: Transport
    clock: Clock
    source: Source
    listen_s: float = 8.0
    """How long to listen; a beacon that sends once a second is then heard for sure."""


async def check(means: Means) -> list[Finding]:
    """All findings, in the order in which one would put things right."""
    checks: Sequence[Callable[[Means], Awaitable[list[Finding]]]] = (_radio, _air, _disk, _server, _clock, _heat)
    return [finding for each in checks for finding in await each(means)]


async def _radio(means: Means) -> list[Finding]:
    if not isinstance(means.source, Repairable):
        return []
    try:
        adapters = await means.host.adapters()
    except BluetoothAway:
        return [Finding(State.ILL, _NO_BLUETOOTHD)]
    except BusTrouble as trouble:
        return [Finding(State.ILL, _NO_BUS, {"problem": trouble})]
    found = list(_blocks(RFKILL)) + list(_adapters(means.settings, adapters))
    return found or [Finding(State.WELL, _ADAPTER, {"adapter": each.name, "address": each.address}) for each in adapters]


def _blocks(folder: Path) -> Iterator[Finding]:
    """Switches that keep Bluetooth off, as the kernel lists them."""
    for switch in sorted(folder.glob("rfkill*")):
        try:
            kind, soft, hard = ((switch / name).read_text().strip() for name in ("type", "soft", "hard"))
        except OSError:
            continue
        if kind == "bluetooth" and hard == "1":
            yield Finding(State.ILL, _SWITCHED)
        elif kind == "bluetooth" and soft == "1":
            yield Finding(State.ILL, _BLOCKED)


def _adapters(settings: GatewaySettings, adapters: Sequence[Adapter]) -> Iterator[Finding]:
    """What is wrong with the adapters that the settings name."""
    if not adapters:
        yield Finding(State.ILL, _NO_ADAPTER)
        return
    known = {each.name: each for each in adapters}
    for radio, name in settings.adapters().items():
        wanted = known.get(name) if name else next((each for each in adapters if each.powered), adapters[0])
        if wanted is None:
            yield Finding(State.ILL, _MISSING, {"radio": radio, "adapter": name, "known": ", ".join(known)})
        elif not wanted.powered:
            yield Finding(State.ILL, _OFF, {"adapter": wanted.name})


async def _air(means: Means) -> list[Finding]:
    """Listens for a while, as the gateway would."""
    source, gate = means.source, means.settings.gate()
    if not isinstance(source, Repairable):
        return []
    try:
        await source.start()
        mute = [radio for radio in source.radios if radio.trouble]
        if mute:
            return [Finding(State.ILL, _NO_SCAN, {"radio": radio.gateway, "problem": radio.trouble}) for radio in mute]
        await means.clock.sleep(means.listen_s)
        survey = Survey(gate, means.settings.options())
        survey.hear(source.read(means.clock.now_ms()).adverts)
    except Stop as stop:
        return [Finding(State.ILL, stop.words, stop.values)]
    finally:
        await source.close()
    ours = sum(row.passes for row in survey.rows(means.clock.now_ms()))
    values: dict[str, object] = {"adverts": survey.adverts, "seconds": round(means.listen_s), "beacons": ours}
    if not survey.adverts:
        return [Finding(State.ODD, _HEARD_NOTHING, values)]
    if not (gate.kinds or gate.families or gate.keys or gate.companies):
        return [Finding(State.ILL, _NO_RULES)]
    return [Finding(State.WELL, _HEARD, values) if ours else Finding(State.ODD, _HEARD_STRANGERS, values)]


async def _disk(means: Means) -> list[Finding]:
    path, wanted = means.settings.spool_file, means.settings.spool_bytes
    folder = path.absolute().parent
    room = await asyncio.to_thread(machine.disk, path)
    problem = machine.unusable(folder)
    if room is None or problem:
        return [Finding(State.ILL, _DISK_GONE, {"path": folder, "problem": problem or "?"})]
    held = path.stat().st_size if path.exists() else 0
    little = room.free_bytes < wanted - held or room.free_bytes < _LEAST_FREE * room.total_bytes
    values: dict[str, object] = {"free": room.free_bytes // 1_000_000, "wanted": wanted // 1_000_000}
    return [Finding(State.ODD, _DISK_LITTLE, values) if little else Finding(State.WELL, _DISK_WELL, values)]


class _Problem(msgspec.Struct):
    """What a refusing answer says."""

    code: str = ""
    server_ms: int | None = None


_problems = msgspec.json.Decoder(_Problem)


async def _server(means: Means) -> list[Finding]:
    """The key, and what the server says to an empty batch signed with it."""
    try:
        key = read_key(means.settings.key_file)
    except Stop as stop:
        return [Finding(State.ILL, stop.words, stop.values)]
    found = [Finding(State.WELL, _KEY, {"path": means.settings.key_file})]
    try:
        answer, problem = await _ask(means, key, 0)
        offset_ms = problem.server_ms - means.clock.now_ms() if problem.code == "clock" and problem.server_ms is not None else 0
        if offset_ms:
            answer, problem = await _ask(means, key, offset_ms)
    except TransportFailed as failed:
        return [*found, Finding(State.ILL, unreachable(failed), {"server": means.settings.server, "problem": failed})]
    if abs(offset_ms) > _CLOCK_OFF_MS:
        found.append(Finding(State.ODD, _CLOCK_OFF, {"seconds": round(offset_ms / 1000)}))
    return [*found, _answered(means.settings, signing_of(key, means.settings.key_id).key_id, answer.status, problem.code)]


async def _ask(means: Means, key: Ed25519PrivateKey, offset_ms: int) -> tuple[Answer, _Problem]:
    at_ms = means.clock.now_ms() + offset_ms
    signature = signatures.sign(*signing_of(key, means.settings.key_id), "POST", PATH, at_ms, b"")
    answer = await means.transport.post(PATH, {"Content-Type": FRAME_TYPE, signatures.HEADER: signature}, b"")
    try:
        return answer, decoded(_problems, answer.body)
    except ValueError:
        return answer, _Problem()


def _answered(settings: GatewaySettings, key_id: str, status: int, code: str) -> Finding:
    values: dict[str, Any] = {"server": settings.server, "key": key_id, "status": status, "code": code}
    if status in (401, 403):
        return Finding(State.ILL, _SERVER_KEY, values)
    if status in (400, 413, 415, 422) and code:
        return Finding(State.WELL, _SERVER_WELL, values)
    return Finding(State.ILL, words.NOT_A_SERVER, values)


async def _clock(_means: Means) -> list[Finding]:
    synced = machine.clock_synced()
    return [] if synced is None else [Finding(State.WELL, _CLOCK_WELL) if synced else Finding(State.ODD, _CLOCK_FREE)]


async def _heat(_means: Means) -> list[Finding]:
    degrees = machine.temperature_c()
    if degrees is None:
        return []
    hot = degrees >= _HOT_C
    return [Finding(State.ODD if hot else State.WELL, _HOT if hot else _COOL, {"degrees": round(degrees)})]
