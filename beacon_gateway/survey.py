"""Survey: which beacons are heard where the box hangs, and how well; for whoever mounts it. Shows live, sends nothing.

Pure but for the words: adverts in, rows and lines out. Phones and other strangers are only counted; a shopper token is never shown.
Running it is for `tools.py`, keeping what tags send on a walk for `keeping.py`; what may pass later is the gate's, and a beacon that it
would not let pass is shown as such.
"""

import unicodedata
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, NamedTuple

from groundwork.adverts.advert import Advert
from groundwork.adverts.decode import decode
from groundwork.adverts.frame import Options
from groundwork.adverts.gate import Gate
from groundwork.adverts.reader import Reader
from groundwork.contracts.ids import BeaconKey, GatewayId
from groundwork.plumbing.reasons import Words

SPAN_MS: Final = 10_000
"""What a row is about: the last ten seconds, long enough for a beacon that sends once a second."""
FORGOTTEN_MS: Final = 60_000
_MOST_ROWS: Final = 500
_TOKEN: Final = "token"  # noqa: S105 - the kind of a beacon key, no secret
_WEAK_DBM: Final = -90.0
_WIDEST_KEY: Final = 48

_HEADS: Final = (
    Words("beacon", "المنارة"),
    Words("radio", "جهاز الاستقبال"),
    Words("median dBm", "وسيط القوة"),
    Words("least", "الأدنى"),
    Words("most", "الأعلى"),
    Words("per second", "في الثانية"),
    Words("last heard", "آخر التقاط"),
    Words("passes", "المرور"),
)
_PASSES: Final = Words("yes", "مسموح")
_STOPPED: Final = Words("no rule", "بلا قاعدة")
_AGO: Final = Words("{seconds} s ago", "قبل {seconds} ث")
_TOKENS: Final = Words("(shopper tokens)", "(رموز المتسوقين)")
_SUMMARY: Final = Words(
    "{beacons} beacons, {weak} of them weak (under -90 dBm), {unruled} without an allow rule; {strangers} adverts of strangers.",
    "المنارات: {beacons}، الضعيفة منها (دون -90): {weak}، وما لا تسمح به أي قاعدة: {unruled}؛ إعلانات الغرباء: {strangers}.",
)


class Row(NamedTuple):
    """One beacon at one radio over the last SPAN_MS."""

    radio: GatewayId
    beacon: BeaconKey
    adverts: int
    median_dbm: float
    min_dbm: float
    max_dbm: float
    last_ms: int
    passes: bool
    per_second: float
    """Adverts; of the time since the survey began, where that is shorter."""


@dataclass(slots=True)
class _Heard:
    passes: bool
    adverts: deque[tuple[int, float]] = field(default_factory=deque)


class Survey:
    """What has been heard lately."""

    def __init__(self, gate: Gate, options: Options) -> None:
        self._gate = gate
        self._options = options
        self._reader = Reader(gate, options)
        self._heard: dict[tuple[GatewayId, BeaconKey], _Heard] = {}
        self._since_ms: int | None = None
        self.strangers = 0
        """Adverts in which no known format was found, and whose sender no rule names."""
        self.adverts = 0

    def hear(self, adverts: Iterable[Advert]) -> None:
        """Takes adverts in."""
        for advert in adverts:
            self.adverts += 1
            self._since_ms = advert.at_ms if self._since_ms is None else self._since_ms
            keys = [frame.beacon for frame in decode(advert.data, self._options) if frame.beacon is not None]
            reading = self._reader.read(advert.data, advert.address)
            admitted = None if reading.refusal else reading.beacon
            if admitted is not None and admitted not in keys:  # by its address, its company or its bind key
                keys.append(admitted)
            if not keys:
                self.strangers += 1
            for key in keys:
                self._hear(advert, key, passes=key == admitted or self._gate.admits(key))

    def rows(self, now_ms: int) -> list[Row]:
        """A row for each beacon of the last minute, the strongest first; those not heard in the last ten seconds at the end."""
        for key in [key for key, heard in self._heard.items() if heard.adverts[-1][0] < now_ms - FORGOTTEN_MS]:
            del self._heard[key]
        listened_ms = max(1_000, min(SPAN_MS, now_ms - (now_ms if self._since_ms is None else self._since_ms)))
        rows = [_row(radio, beacon, heard, now_ms, listened_ms) for (radio, beacon), heard in self._heard.items()]
        return sorted(rows, key=lambda row: (row.adverts == 0, -row.median_dbm, row.beacon, row.radio))

    def _hear(self, advert: Advert, key: BeaconKey, *, passes: bool) -> None:
        shown = BeaconKey(_TOKEN) if key.partition(":")[0] == _TOKEN else key
        heard = self._heard.get((advert.gateway, shown))
        if heard is None:
            if len(self._heard) >= _MOST_ROWS:
                return
            heard = self._heard[advert.gateway, shown] = _Heard(passes)
        heard.adverts.append((advert.at_ms, advert.rssi_dbm))
        while heard.adverts[0][0] < advert.at_ms - SPAN_MS:
            heard.adverts.popleft()


def _row(radio: GatewayId, beacon: BeaconKey, heard: _Heard, now_ms: int, listened_ms: int) -> Row:
    fresh = [rssi for at_ms, rssi in heard.adverts if at_ms >= now_ms - SPAN_MS]
    shown = fresh or [rssi for _, rssi in heard.adverts]
    per_second = len(fresh) * 1000 / listened_ms
    return Row(radio, beacon, len(fresh), median(shown), min(shown), max(shown), heard.adverts[-1][0], heard.passes, per_second)


def summary(survey: Survey, rows: Sequence[Row], language: str) -> str:
    """The survey in one sentence."""
    weak = sum(row.median_dbm < _WEAK_DBM for row in rows)
    unruled = sum(not row.passes for row in rows)
    return _SUMMARY.said(language, beacons=len(rows), weak=weak, unruled=unruled, strangers=survey.strangers)


def table(rows: Sequence[Row], now_ms: int, language: str) -> list[str]:
    """The rows as lines of text, in columns; the first is the heading."""
    cells = [[words.said(language) for words in _HEADS]]
    cells += [_cells(row, now_ms, language) for row in rows]
    widths = [max(_width(line[at]) for line in cells) for at in range(len(_HEADS))]
    return ["  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def plain(row: Row) -> str:
    """A row as tab-separated values for programs: radio, beacon, adverts, median, min, max, last_ms, passes."""
    return "\t".join(map(str, (*row[:7], int(row.passes))))


def _cells(row: Row, now_ms: int, language: str) -> list[str]:
    beacon = _TOKENS.said(language) if row.beacon == _TOKEN else row.beacon
    if len(beacon) > _WIDEST_KEY:
        beacon = f"{beacon[: _WIDEST_KEY // 2]}…{beacon[-_WIDEST_KEY // 2 + 1 :]}"
    return [
        beacon,
        row.radio,
        f"{row.median_dbm:.0f}",
        f"{row.min_dbm:.0f}",
        f"{row.max_dbm:.0f}",
        f"{row.per_second:.1f}",
        _AGO.said(language, seconds=f"{max(now_ms - row.last_ms, 0) / 1000:.0f}"),
        (_PASSES if row.passes else _STOPPED).said(language),
    ]


def _width(text: str) -> int:
    """Columns that a terminal takes for `text`; marks that stand above a letter take none."""
    return sum(not unicodedata.combining(letter) for letter in text)
