"""SIGKILL at any moment: what a process said was durable is there after it, whole, once, and no number comes twice."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.contracts.codec import decode_frame
from tests.beacon_gateway.build import spool
from tests.data import PROJECT


def run_and_kill(path: Path, seed: int, batches: int) -> tuple[str, int]:
    """Lets a sealer say `batches` numbers, kills it, and returns its boot and the last number it said."""
    command = [sys.executable, "-m", "tests.beacon_gateway.sealer", str(path), str(seed)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        boot = process.stdout.readline().strip()
        said = 0
        for line in process.stdout:
            said = int(line)
            if said >= batches:
                break
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
    return boot, int(rest[-1]) if rest else said


@pytest.mark.faults
@pytest.mark.parametrize("rounds", [5, pytest.param(200, marks=pytest.mark.long)])
def test_nothing_said_to_be_durable_is_lost_and_no_number_is_used_twice(tmp_path: Path, rounds: int) -> None:
    rng = random.Random(int(os.environ.get("AISLECAST_TEST_SEED", "7")))
    path = tmp_path / "s"
    said = dict(run_and_kill(path, seed, rng.randrange(5, 80)) for seed in range(1, rounds + 1))
    assert len(said) == rounds
    opened = spool(path, seed=rounds + 1, max_bytes=1_000_000_000)
    assert opened.moved_aside is None
    found: dict[str, list[int]] = {boot: [] for boot in said}
    while (batch := opened.oldest()) is not None:
        header = decode_frame(batch.body()).header
        assert (header.boot, header.batch) == (batch.boot, batch.number)
        found[batch.boot].append(batch.number)
        opened.acknowledge(batch.boot, batch.number, batch.number)
    for boot, last in said.items():
        kept = [number for number in range(1, last + 1) if number % 3 and number in found[boot]]
        assert kept == [number for number in range(1, last + 1) if number % 3], boot
        assert found[boot] == sorted(set(found[boot]))
    assert opened.boot not in said
