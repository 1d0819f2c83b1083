"""Runs the benchmarks: `python -m benchmarks [NAME ...] [--json] [--quick]`; `make bench` runs them all.

Progress goes to standard error, figures to standard output. Absolute figures belong to the machine; the ratios to what stands beside them
in the same run mean something elsewhere, too.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from benchmarks import decide, decode, ingest, latency, locate, outdoor, people, spool, wayfinding
from benchmarks.table import Table, as_dict, shown

BENCHMARKS: Final[dict[str, Callable[[bool], Table]]] = {
    "decode": decode.measured,
    "decide": decide.measured,
    "ingest": ingest.measured,
    "latency": latency.measured,
    "locate": locate.measured,
    "outdoor": outdoor.measured,
    "people": people.measured,
    "spool": spool.measured,
    "wayfinding": wayfinding.measured,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what is asked for and prints it; returns 0, or 2 for a name that is none."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measurements, each beside its yardstick.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all where left out")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--quick", action="store_true", help="fewer repeats: under a minute, and less sure")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; known are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    tables = [_run(name, asked.quick, asked.json) for name in asked.names or BENCHMARKS]
    if asked.json:
        print(json.dumps({table.name: as_dict(table) for table in tables}, indent=1))
    return 0


def _run(name: str, quick: bool, silent: bool) -> Table:
    print(f"{name} ...", end="", file=sys.stderr, flush=True)
    began = time.perf_counter()
    table = BENCHMARKS[name](quick)
    print(f" {time.perf_counter() - began:.0f} s", file=sys.stderr)
    if not silent:
        print(f"{shown(table)}\n", flush=True)
    return table


if __name__ == "__main__":
    sys.exit(main())
