"""Files from strangers: what is read is read in a process of its own, and what would eat time or memory is refused at once."""

import io
import resource
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import ezdxf
import pytest

from floorplans.drawing import Choice, PlanFileError
from floorplans.importing import Import, Limits, read_file
from floorplans.sentences import said
from groundwork.plumbing.clock import SystemClock
from tests.data import data_folder
from tests.floorplans.mall import foreign_archive, packed

QUICK_S = 5.0
"""What a hostile file may take to be refused, process start included."""
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="10" height="10">%s</svg>'


def giant_png(side: int) -> bytes:
    """A PNG that says it is `side` pixels square and is 100 kB: what a decoder would make of it is 10 GB."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = zlib.compress(bytes(100_000))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0))
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("level.geojson", b" " * (50 << 20))
    return out.getvalue()


def lying_archive() -> bytes:
    """A zip whose directory says that a member is smaller than it is."""
    raw = bytearray(packed(foreign_archive()))
    at = raw.find(b"level.geojson", raw.find(b"PK\x01\x02")) - 46
    raw[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(raw)


def many_uses() -> bytes:
    """Ten levels of ten uses each: 10 kB that would be ten thousand million shapes."""
    inside = b'<g id="a0"><path d="M0 0L1 1"/></g>'
    for number in range(1, 11):
        uses = b"".join(b'<use x="%d" xlink:href="#a%d"/>' % (x, number - 1) for x in range(10))
        inside += b'<g id="a%d">%s</g>' % (number, uses)
    return SVG % inside


def block_in_itself() -> bytes:
    document = ezdxf.new()  # type: ignore[attr-defined] # re-exported without __all__
    block = document.blocks.new("A")
    other = document.blocks.new("B")
    block.add_blockref("B", (0, 0))
    other.add_blockref("A", (0, 0))
    document.modelspace().add_blockref("A", (0, 0))
    text = io.StringIO()
    document.write(text)
    return text.getvalue().encode()


def million_inserts() -> bytes:
    document = ezdxf.new()  # type: ignore[attr-defined] # re-exported without __all__
    block = document.blocks.new("A")
    for x in range(100):
        block.add_line((x, 0), (x, 1))
    document.modelspace().add_blockref("A", (0, 0), dxfattribs={"row_count": 1000, "column_count": 1000})
    text = io.StringIO()
    document.write(text)
    return text.getvalue().encode()


def laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY l0 "ha">{entities}]><svg><text>&l9;</text></svg>'.encode()


HOSTILE: list[tuple[str, Callable[[], bytes], str]] = [
    ("bomb.zip", zip_bomb, "zip_bomb"),
    ("lying.zip", lying_archive, "bad_archive"),
    ("giant.png", lambda: giant_png(50_000), "too_large"),
    ("broken.png", lambda: giant_png(300), "bad_picture"),
    ("script.svg", lambda: SVG % b"<script>alert(1)</script>", "unsafe_drawing"),
    ("handler.svg", lambda: SVG % b'<path d="M0 0L1 1" onclick="alert(1)"/>', "unsafe_drawing"),
    ("link.svg", lambda: SVG % b'<image xlink:href="http://example.com/x.png"/>', "unsafe_drawing"),
    ("entities.svg", laughs, "unsafe_drawing"),
    ("circle.svg", lambda: SVG % b'<g id="a"><use xlink:href="#b"/></g><g id="b"><use xlink:href="#a"/></g>', "circle"),
    ("uses.svg", many_uses, "too_many"),
    ("circle.dxf", block_in_itself, "circle"),
    ("inserts.dxf", million_inserts, "too_many"),
    ("deep.geojson", lambda: b'{"features":[' + b"[" * 500_000, "no_geojson"),
    ("text.pdf", lambda: b"%PDF-1.7 and nothing else", "bad_picture"),
    ("binary.bin", lambda: bytes(range(256)) * 40, "unknown_content"),
]


@pytest.fixture
def quick() -> Iterator[None]:
    """Holds the test to QUICK_S, and this process to the memory it had."""
    clock = SystemClock()
    begun, before = clock.monotonic_s(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert clock.monotonic_s() - begun < QUICK_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10  # kilobytes


@pytest.mark.parametrize(("name", "made", "code"), HOSTILE, ids=[one[0] for one in HOSTILE])
def test_a_hostile_file_is_refused_at_once_with_its_reason(
    tmp_path: Path, name: str, made: Callable[[], bytes], code: str, quick: None
) -> None:
    path = tmp_path / name
    path.write_bytes(made())
    with pytest.raises(PlanFileError) as caught:
        read_file(path, limits=Limits(seconds=4, megabytes=1_500))
    assert caught.value.remark.code == code
    assert said(caught.value.remark, "ar") != said(caught.value.remark, "en")


def test_a_gigabyte_is_refused_without_being_read(tmp_path: Path, quick: None) -> None:
    path = tmp_path / "huge.geojson"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(PlanFileError, match="too_large"):
        read_file(path)


def test_a_reader_that_takes_too_long_is_stopped(tmp_path: Path, quick: None) -> None:
    path = data_folder("plans") / "wrld-cad" / "office.svg"
    with pytest.raises(PlanFileError, match=r"took_too_long \(seconds 1\)"):
        read_file(path, limits=Limits(seconds=1))


def test_a_reader_that_needs_too_much_is_stopped(tmp_path: Path, quick: None) -> None:
    path = tmp_path / "points.geojson"
    line = '{"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":[' + ",".join(["[1.5,2.5]"] * 200_000) + "]}}"
    path.write_text('{"type":"FeatureCollection","features":[' + ",".join([line] * 9) + "]}")
    with pytest.raises(PlanFileError, match="too_much_memory"):
        read_file(path, limits=Limits(seconds=30, megabytes=250))


def test_every_step_is_told(tmp_path: Path) -> None:
    path = tmp_path / "centre.zip"
    path.write_bytes(packed(foreign_archive()))
    told: list[str] = []
    read = read_file(path, progress=told.append)
    assert told == ["reading", "imdf", "drawn"]
    assert isinstance(read, Import)
    assert (read.format, len(read.drawn.levels)) == ("imdf", 2)


def test_a_format_nobody_knows_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "plan.dwg"
    path.write_bytes(b"AC1032")
    with pytest.raises(PlanFileError, match="unknown_format"):
        read_file(path, Choice(), "dwg")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError, match=r"nowhere\.png: no_file"):
        read_file(tmp_path / "nowhere.png")
