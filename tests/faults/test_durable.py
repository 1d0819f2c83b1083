"""Acknowledged means durable: when every fsync of the server takes longer, every answer takes longer by that."""

import asyncio
import shutil
import subprocess
from pathlib import Path

import aiohttp
import pytest

from groundwork.contracts.codec import encode_frame
from groundwork.contracts.ids import BootId
from groundwork.contracts.sighting import FRAME_TYPE, SightingColumns, SightingHeader
from groundwork.plumbing import signatures
from groundwork.plumbing.clock import clock_from
from tests.faults.processes import BOX, TENANT, WALL, Shop, open_shop

DELAY_S = 0.4


async def _post(shop: Shop, http: aiohttp.ClientSession, batch: int) -> float:
    """Sends a small batch, signed; returns how many seconds the answer took."""
    now_ms = clock_from(shop.server.arguments[-1]).now_ms()
    box = shop.scene.boxes[0]
    header = SightingHeader(tenant=TENANT, gateway=BOX, boot=BootId("durable"), batch=batch, sent_ms=now_ms, covered_until_ms=now_ms)
    body = encode_frame(header, SightingColumns())
    signature = signatures.sign(box.key, box.key_id, "POST", "/v1/sightings", now_ms, body)
    headers = {"Content-Type": FRAME_TYPE, signatures.HEADER: signature}
    began = WALL.monotonic_s()
    async with http.post(f"{shop.url}/v1/sightings", data=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
    return WALL.monotonic_s() - began


async def _slow_disk(pid: int, log: Path) -> subprocess.Popen[bytes]:
    """Delays every fsync and fdatasync of the process from now on; returns once that is so."""
    inject = f"inject=fsync,fdatasync:delay_enter={round(DELAY_S * 1e6)}"
    command = ["strace", "-f", "-qq", "-p", str(pid), "-e", "trace=fsync,fdatasync", "-e", inject, "-o", str(log)]
    tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    status = Path(f"/proc/{pid}/task")
    async with asyncio.timeout(10):
        while any("TracerPid:\t0" in (task / "status").read_text() for task in status.iterdir()):
            assert tracer.poll() is None, "strace could not attach"
            await asyncio.sleep(0.05)
    return tracer


@pytest.mark.faults
@pytest.mark.skipif(shutil.which("strace") is None, reason="missing tool: strace")
async def test_an_answer_waits_for_the_disk(tmp_path: Path) -> None:
    shop = await open_shop(tmp_path, seed=1, shoppers=1, minutes=0.2, speed=1.0)
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
            shop.server.start()
            await shop.until_ready(http)
            calm = sorted([await _post(shop, http, batch) for batch in range(1, 6)])
            tracer = await _slow_disk(shop.server.pid, tmp_path / "strace.log")
            slow = sorted([await _post(shop, http, batch) for batch in range(6, 9)])
            tracer.terminate()
            tracer.wait(timeout=10)
        assert calm[2] < DELAY_S, "the disk is too slow for this test to show anything"
        assert slow[0] >= DELAY_S
        assert (tmp_path / "strace.log").read_text().count("DELAYED") >= 3
    finally:
        shop.close()
