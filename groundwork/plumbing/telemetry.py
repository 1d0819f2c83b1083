"""Telemetry: JSON logs without secrets, and counters for Prometheus in a registry of this process's own.

Logs carry pseudonyms only. Keys that are known to hold secrets are blanked here as a second wall; the first is not to log them.
"""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, ClassVar, Final, TextIO

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from groundwork.plumbing.hops import Hops

SECRET_KEYS: Final = frozenset(
    {"authorization", "bearer", "code", "cookie", "key_bytes", "passphrase", "password", "payload", "pepper", "phone"}
    | {"private_key", "push_token", "secret", "signature", "token"}
)
_BLANK: Final = "[hidden]"
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def hide_secrets(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blanks what is filed under a secret's name, at any depth."""
    return {key: _hidden(key, value) for key, value in line.items()}


def _hidden(key: str, value: Any) -> Any:
    if key.lower() in SECRET_KEYS:
        return _BLANK
    if isinstance(value, Mapping):
        return {inner: _hidden(str(inner), one) for inner, one in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden("", one) for one in value]
    return value


def configure_logs(level: str = "info", stream: TextIO | None = None) -> None:
    """One JSON object a line to `stream` (standard error by default); lines of libraries that use `logging` too."""
    chosen = logging.getLevelNamesMapping().get(level.upper())
    if chosen is None:
        raise ValueError(f"unknown log level {level!r}; known are debug, info, warning, error, critical")
    out = stream or sys.stderr
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
        structlog.processors.format_exc_info,
    ]
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(chosen),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        )
    )
    logging.basicConfig(handlers=[handler], level=max(chosen, logging.INFO), force=True)


class Meters:
    """What Prometheus sees: requests, the hops of the flow, and gauges others add."""

    MEDIA: ClassVar[str] = CONTENT_TYPE_LATEST

    def __init__(self, hops: Hops) -> None:
        self.registry = CollectorRegistry()
        names = ("method", "route", "status")
        self._requests = Counter("http_requests", "Answered requests", names, registry=self.registry)
        self._seconds = Histogram("http_request_seconds", "Time to the answer", ("route",), buckets=_SECONDS, registry=self.registry)
        self._limited = Counter("http_limited", "Requests refused because of a limit", ("limit", "route"), registry=self.registry)
        self.registry.register(_Hops(hops))

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one answered request; `route` is the path's pattern, so that ids make no series of their own."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def limited(self, limit: str, route: str) -> None:
        """Counts a request refused because of a limit: that of its `address`, its `caller`, its `tenant`, or of `failures`."""
        self._limited.labels(limit, route).inc()

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Shows what `value` answers at each look."""
        self.registry.register(_Gauge(name, text, value))

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)


class _Hops(Collector):
    """The steps of the flow, read at each look."""

    def __init__(self, hops: Hops) -> None:
        self._hops = hops

    def collect(self) -> Iterator[Metric]:
        taken = CounterMetricFamily("hop_in", "Taken in by a step", labels=("hop", "unit"))
        given = CounterMetricFamily("hop_out", "Given on by a step", labels=("hop", "unit"))
        refused = CounterMetricFamily("hop_refused", "Refused by a step, by reason", labels=("hop", "unit", "code"))
        held = GaugeMetricFamily("hop_held", "Taken in and not yet decided on", labels=("hop", "unit"))
        missing = GaugeMetricFamily("hop_missing", "Taken in and accounted for nowhere; must be 0", labels=("hop", "unit"))
        for hop in self._hops.all():
            at = (hop.name, hop.unit)
            taken.add_metric(at, hop.in_)
            given.add_metric(at, hop.out)
            held.add_metric(at, hop.held)
            missing.add_metric(at, hop.missing())
            for code, count in sorted(hop.refused.items()):
                refused.add_metric((*at, code), count)
        yield from (taken, given, refused, held, missing)


class _Gauge(Collector):
    """One number, asked for at each look."""

    def __init__(self, name: str, text: str, value: Callable[[], float]) -> None:
        self._name, self._text, self._value = name, text, value

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(self._name, self._text, value=self._value())
