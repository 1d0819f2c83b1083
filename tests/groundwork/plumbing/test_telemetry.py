"""Logs without secrets, and counters that show the flow."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from groundwork.plumbing.hops import Hops
from groundwork.plumbing.telemetry import SECRET_KEYS, Meters, configure_logs


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    out = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logs("info", out)
    yield out
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def read(lines: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_secrets_are_blanked_at_any_depth(lines: io.StringIO) -> None:
    log = structlog.get_logger()
    log.info("said", **dict.fromkeys(SECRET_KEYS, "PLANTED"))
    log.info("said", request={"headers": {"Authorization": "PLANTED", "Accept": "shown"}})
    log.info("said", lines=[{"code": "PLANTED"}, ({"token": "PLANTED"},)])
    logging.getLogger("library").warning("of a library")
    assert "PLANTED" not in lines.getvalue()
    assert read(lines)[1]["request"] == {"headers": {"Authorization": "[hidden]", "Accept": "shown"}}
    assert read(lines)[3]["event"] == "of a library"


def test_a_request_id_goes_with_every_line_and_arabic_stays_readable(lines: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger().info("قيل")
    assert read(lines)[0]["request_id"] == "r-1"
    assert "قيل" in lines.getvalue()


def test_lines_below_the_level_are_not_written(lines: io.StringIO) -> None:
    structlog.get_logger().debug("quiet")
    assert read(lines) == []
    with pytest.raises(ValueError, match="unknown log level 'loud'; known are debug"):
        configure_logs("loud")


def test_hops_requests_and_gauges_are_shown() -> None:
    hops = Hops()
    hop = hops.hop("gate", "adverts")
    hop.take(10)
    hop.give(6)
    hop.refuse("stranger", 3)
    meters = Meters(hops)
    meters.request("GET", "/x/{id}", 200, 0.003)
    meters.gauge("queue_bytes", "How much waits", lambda: 7)
    text = meters.exposition().decode()
    for line in (
        'hop_in_total{hop="gate",unit="adverts"} 10.0',
        'hop_out_total{hop="gate",unit="adverts"} 6.0',
        'hop_refused_total{code="stranger",hop="gate",unit="adverts"} 3.0',
        'hop_missing{hop="gate",unit="adverts"} 1.0',
        'http_requests_total{method="GET",route="/x/{id}",status="200"} 1.0',
        "queue_bytes 7.0",
    ):
        assert line in text
    assert Meters(Hops()).exposition() != meters.exposition()
