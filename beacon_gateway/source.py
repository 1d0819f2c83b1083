"""Sources: where adverts come from. What each file in `sources/` must offer; the pipeline takes what they hand over.

A source that can be read again (a recording) says where to read on, and that place is committed with the sealed batches; one that cannot
(a radio, a pipe) says nothing, and what a crash finds unsealed is lost.
"""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol, runtime_checkable

from groundwork.adverts.advert import Advert
from groundwork.contracts.ids import GatewayId

MALFORMED: Final = "malformed_line"
OVERRUN: Final = "source_overrun"
CACHED: Final = "cached_frames"
_MOST_WAITING: Final = 100_000
"""Ten seconds of the busiest air seen; more means the pipeline stands, and old adverts are worth less than new ones."""


class Heard(NamedTuple):
    """What a source hands over: adverts, and the time and reason of each it could not make out."""

    adverts: list[Advert]
    refused: list[tuple[int, str]]


@dataclass(slots=True)
class Waiting:
    """What radios have heard and nobody has asked for yet; of too much the oldest is given up, and counted."""

    _adverts: deque[Advert] = field(default_factory=deque)
    _refused: Counter[str] = field(default_factory=Counter)

    def hear(self, adverts: Iterable[Advert]) -> None:
        """Takes adverts in, stamped."""
        self._adverts.extend(adverts)
        while len(self._adverts) > _MOST_WAITING:
            self._adverts.popleft()
            self._refused[OVERRUN] += 1

    def refuse(self, code: str) -> None:
        """Counts one that could not be made out."""
        self._refused[code] += 1

    def handed_over(self, now_ms: int) -> Heard:
        """All of it, whatever its stamp: the pipeline keeps adverts of windows to come."""
        heard = Heard(list(self._adverts), [(now_ms, code) for code in self._refused.elements()])
        self._adverts.clear()
        self._refused.clear()
        return heard


@dataclass(slots=True)
class Radio:
    """One radio of the box, as its source sees it; who repairs it looks here."""

    gateway: GatewayId
    adapter: str = ""
    """The kernel's name (`hci0`); empty for the default adapter."""
    heard: int = 0
    """Adverts since the start, strangers' too."""
    heard_s: float = 0.0
    """When the last of them came, by the monotonic clock: the wall clock may jump. At first, when the source was made."""
    scanning: bool = False
    """Whether the last attempt to scan began well; it says nothing of what happened since."""
    trouble: str = ""
    """Why it did not; empty when it did."""


class Source(Protocol):
    """One place that adverts come from, for all radios of the box."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will ever come."""
        ...

    @property
    def rewindable(self) -> bool:
        """Whether a restart can read again what was not sealed."""
        ...

    async def start(self) -> None:
        """Begins to hear. Raises Stop where that cannot be."""
        ...

    def read(self, now_ms: int) -> Heard:
        """What was heard up to `now_ms` and not handed over yet; never waits. Raises Stop where nothing more can be read."""
        ...

    @property
    def next_ms(self) -> int | None:
        """When the next advert was or will be heard, where the source knows already; None else."""
        ...

    def position(self, covered_until_ms: int) -> str:
        """Where to read on after a restart if everything before `covered_until_ms` is dealt with; empty where that cannot be.

        Asked at each window's close, so that the source may forget what lies before.
        """
        ...

    async def close(self) -> None:
        """Stops hearing."""
        ...


@runtime_checkable
class Repairable(Protocol):
    """A source with radios of its own, which can be repaired. Nothing here raises; what came of it stands in each `Radio`."""

    @property
    def radios(self) -> Sequence[Radio]: ...

    async def scan(self, radio: Radio) -> None:
        """Ends the radio's scan, if there is one, and begins another on the same bus."""
        ...

    async def begin_anew(self) -> None:
        """Leaves the bus and all scans, and begins them on a new one."""
        ...
