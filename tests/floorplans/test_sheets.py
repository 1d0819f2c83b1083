"""Sheets: a picture comes in by an import, is encoded anew, lies where it is laid, and is served as a picture and nothing else."""

import hashlib
import io
import random

import pytest
from PIL import Image, PngImagePlugin

from floorplans import sheets
from floorplans.sheets import kept_picture
from tests.floorplans.test_draft_http import Client, ask, client  # noqa: F401 # a fixture is found by its name

PICTURE = {"Content-Type": "image/png"}


def scan(width: int = 400, height: int = 200) -> bytes:
    """A picture with words beside its pixels."""
    said = PngImagePlugin.PngInfo()
    said.add_text("Author", "<script>alert(1)</script>")
    out = io.BytesIO()
    Image.new("RGB", (width, height), "#ffffff").save(out, "PNG", pnginfo=said)
    return out.getvalue()


async def test_a_picture_is_kept_under_its_level_and_served_as_we_encoded_it(client: Client) -> None:  # noqa: F811 # the fixture above
    done = await ask(client, "POST", "malaz/draft/imports?id=i1&revision=0&level=F2", data=scan(), headers=PICTURE)
    assert done["counts"] == {"levels": {"added": 1, "removed": 0, "changed": 0}}
    shown = (await ask(client, "GET", "malaz/sheets"))["sheets"]
    assert [(one["level"], one["media"], one["unit"], one["width"], one["placing"]["metres_per_unit"]) for one in shown] == [
        ("F2", "image/png", "px", 400, None)
    ]
    url, headers = "/v1/venues/malaz/sheets/F2", {"Authorization": "Bearer reader"}
    async with client.get(url, headers=headers) as answer:
        raw, tag = await answer.read(), answer.headers["ETag"]
        assert (answer.content_type, answer.headers["X-Content-Type-Options"]) == ("image/png", "nosniff")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert b"script" not in raw
    assert Image.open(io.BytesIO(raw)).size == (400, 200)
    async with client.get(url, headers={**headers, "If-None-Match": tag}) as again:
        assert again.status == 304
    assert (await ask(client, "GET", "malaz/sheets/F9", status=404))["code"] == "unknown_sheet"


async def test_known_distances_give_the_scale_and_how_far_they_disagree(client: Client) -> None:  # noqa: F811 # the fixture above
    await ask(client, "POST", "malaz/draft/imports?id=i1&revision=0&level=F2", data=scan(), headers=PICTURE)
    distances = [{"a": [0, 0], "b": [400, 0], "metres": 40.0}, {"a": [0, 0], "b": [0, 200], "metres": 20.4}]
    placed = await ask(client, "PUT", "malaz/sheets/F2", json={"x_m": 1, "y_m": 2, "distances": distances})
    assert placed["sheet"]["placing"]["metres_per_unit"] == pytest.approx(0.1004, abs=2e-4)
    assert (round(placed["scale"]["disagreement_percent"]), bool(placed["scale"]["warnings"])) == (2, True)
    none = [{"a": [1, 1], "b": [1, 1], "metres": 3}]
    assert (await ask(client, "PUT", "malaz/sheets/F2", status=422, json={"distances": none}))["code"] == "bad_distances"
    await ask(client, "POST", "malaz/draft/imports?id=i2&revision=1&level=F2", data=scan(), headers=PICTURE)  # the same picture again
    assert (await ask(client, "GET", "malaz/sheets"))["sheets"][0]["placing"]["x_m"] == 1
    assert (await ask(client, "PUT", "malaz/sheets/F2", "reader", 403, json={}))["code"] == "not_granted"
    await ask(client, "DELETE", "malaz/sheets/F2", status=204)
    assert (await ask(client, "GET", "malaz/sheets"))["sheets"] == []


async def test_a_dry_run_keeps_no_picture(client: Client) -> None:  # noqa: F811 # the fixture above
    await ask(client, "POST", "malaz/draft/imports?id=i1&revision=0&level=F2&dry_run=true", data=scan(), headers=PICTURE)
    assert (await ask(client, "GET", "malaz/sheets"))["sheets"] == []


@pytest.mark.parametrize(("mode", "media"), [("RGB", "image/jpeg"), ("RGBA", "image/jpeg"), ("L", "image/jpeg")])
def test_a_picture_that_packs_badly_is_made_smaller(mode: str, media: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_BYTES", 40_000)
    chance = random.Random(7)
    bands = len(Image.new(mode, (1, 1)).getbands())
    noise = Image.frombytes(mode, (300, 200), chance.randbytes(300 * 200 * bands))
    raw, found = kept_picture(noise)
    assert (found, len(raw) <= 40_000) == (media, True)
    assert Image.open(io.BytesIO(raw)).mode == "RGB"


def test_the_same_pixels_are_the_same_bytes() -> None:
    first, second = (kept_picture(Image.open(io.BytesIO(scan())))[0] for _ in range(2))
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()
