"""Rate limits: how many requests an address, a caller and a tenant may send, so that none of them takes the service from the others.

GCRA (the virtual scheduling form of the leaky bucket, ITU-T I.371): a key's state is one number, the moment at which its bucket will be
empty again. Memory is bounded: of more keys than fit, those unused for longest are forgotten, which only ever lets a request through.
State is this process's own; several processes behind one address each allow as much.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

from groundwork.plumbing import problems
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.http import Route
from groundwork.plumbing.reasons import Refusal

MOST_KEYS: Final = 65_536
"""Keys remembered of each kind, some 10 MB; an attacker with more addresses than this is for a firewall to stop."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a second in the long run, and `burst` at once. Raises ValueError unless both let something through."""

    per_s: float
    burst: int

    def __post_init__(self) -> None:
        if not (self.per_s > 0 and self.burst >= 1):
            raise ValueError(f"a rate lets through more than 0 a second and 1 at once, got {self.per_s:g} and {self.burst}")


class Buckets:
    """Counts by key, each against the rate it is asked with."""

    __slots__ = ("_clock", "_empty_s", "_most")

    def __init__(self, clock: Clock, most: int = MOST_KEYS) -> None:
        self._clock = clock
        self._most = most
        self._empty_s: OrderedDict[Hashable, float] = OrderedDict()

    def take(self, key: Hashable, rate: Rate) -> float:
        """0 where one more fits, which is then counted; else the seconds until it would, and nothing is counted."""
        now = self._clock.monotonic_s()
        empty = max(now, self._empty_s.get(key, now))
        wait = empty - now - (rate.burst - 1) / rate.per_s
        if wait > 1e-9:  # less is what adding up fractions of a second leaves
            return wait
        self._empty_s[key] = empty + 1 / rate.per_s
        self._empty_s.move_to_end(key)
        if len(self._empty_s) > self._most:
            self._empty_s.popitem(last=False)
        return 0.0

    def __len__(self) -> int:
        return len(self._empty_s)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The rates in force."""

    open: Rate
    """One address, on routes open to anybody."""
    failed: Rate
    """One address, of credentials that were refused. Valid ones from there go on unhindered: a whole building may share one."""
    caller: Rate
    signed: Rate
    """One caller that signs: it may have days to catch up on."""
    tenant: Rate


class Throttle:
    """The limits of one process. Each check raises Refusal (429, with Retry-After) where the rate is used up."""

    def __init__(self, allowed: Allowed, clock: Clock, refused: Callable[[str, str], None] = lambda *_: None) -> None:
        """`refused` is told the kind of limit and the route's path at each refusal, for the counters."""
        self._allowed = allowed
        self._refused = refused
        self._addresses, self._failures, self._callers = Buckets(clock), Buckets(clock), Buckets(clock)

    def open(self, address: str, route: Route) -> None:
        """Counts a request to a route that anybody may ask; one with a rate of its own counts by itself."""
        if route.rate is not None:
            self._check(self._addresses.take((address, route.method, route.path), route.rate), "address", route)
        else:
            self._check(self._addresses.take(address, self._allowed.open), "address", route)

    def failed(self, address: str, route: Route) -> None:
        """Counts a credential that was refused."""
        self._check(self._failures.take(address, self._allowed.failed), "failures", route)

    def known(self, who: Caller, route: Route) -> None:
        """Counts a caller's request, against the caller's rate, the route's own, and the tenant's roof."""
        key = (who.tenant, who.subject)
        self._check(self._callers.take(key, self._allowed.signed if route.signed else self._allowed.caller), "caller", route)
        if route.rate is not None:
            self._check(self._callers.take((*key, route.method, route.path), route.rate), "caller", route)
        self._check(self._callers.take(who.tenant, self._allowed.tenant), "tenant", route)

    def _check(self, wait_s: float, kind: str, route: Route) -> None:
        if wait_s > 0:
            self._refused(kind, route.path)
        limited(wait_s)


def limited(wait_s: float) -> None:
    """Raises Refusal (429, with Retry-After) where there is something to wait for."""
    if wait_s > 0:
        seconds = math.ceil(wait_s)
        raise Refusal(problems.TOO_MANY, headers={"Retry-After": str(seconds)}, seconds=seconds)
