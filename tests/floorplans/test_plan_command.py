"""`aislecast plan`: files are checked, put into venues, written and drawn; every refusal is a sentence and an exit code."""

import asyncio
import dataclasses
import json
import re
from pathlib import Path

import pytest

from aislecast.cli import main
from aislecast.folder import Folder
from floorplans import queries as places
from floorplans import tables as _rows  # noqa: F401 # tables register themselves
from floorplans.formats import geojson, imdf
from floorplans.model import Names, Venue
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.people import queries as people
from groundwork.plumbing.db import Connection, create_tables, open_database
from tests.floorplans.mall import foreign_archive, full_plan, packed
from tests.floorplans.test_ways_http import with_gateways


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with an empty database."""
    folder = Folder(tmp_path / "home")
    folder.make()
    asyncio.run(_make_tables(folder.database_url))
    return folder.root


async def _make_tables(url: str) -> None:
    db = await open_database(url)
    await db.write(create_tables)
    await db.close()


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    path = tmp_path / "noor.geojson"
    path.write_bytes(geojson.write(full_plan()))
    return path


def test_a_check_prints_counts_size_and_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "centre.zip"
    path.write_bytes(packed(foreign_archive()))
    assert main(["plan", "check", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["format"], told["counts"]["levels"], told["counts"]["units"], told["counts"]["doors"]) == ("imdf", 2, 4, 1)
    assert (round(told["width_m"]), round(told["height_m"])) == (89, 111)
    assert {"code", "severity", "at", "en", "ar"} <= told["problems"][0].keys()
    assert main(["plan", "check", str(path), "--lang", "ar"]) == 0
    assert "الطوابق" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "words", "arabic"),
    [
        (b"hello", "none of the formats", "ليس من الصيغ"),
        (b"PK\x03\x04", "archive is broken", "الأرشيف تالف"),
        (b"", "is empty", "فارغ"),
        (b" \n", "is empty", "فارغ"),
        (b"\x9c\x01\xff\x00" * 900, "none of the formats", "ليس من الصيغ"),
        (b"AC1032\x00\x00", "DWG", "DXF"),
        (b"{", "no GeoJSON", "GeoJSON"),
    ],
)
def test_a_file_that_is_no_plan_is_refused_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, words: str, arabic: str
) -> None:
    path = tmp_path / "what.dxf"  # a name says nothing of what is in it
    path.write_bytes(content)
    assert main(["plan", "check", str(path), "--json"]) == 2
    told = capsys.readouterr()
    assert (told.out, words in told.err) == ("", True)
    assert main(["plan", "check", str(path), "--lang", "ar"]) == 2
    assert arabic in capsys.readouterr().err


def test_what_is_not_there_or_a_folder_is_said_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "check", str(tmp_path / "gone.zip"), "--data", str(tmp_path / "none")]) == 2
    assert "neither a file nor a venue" in capsys.readouterr().err
    assert main(["plan", "check", str(tmp_path)]) == 2
    assert "a folder" in capsys.readouterr().err


def test_a_plan_goes_from_file_to_file_without_a_byte_lost(tmp_path: Path, plan_file: Path) -> None:
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    assert main(["plan", "export", str(plan_file), "--out", str(first)]) == 0
    assert main(["plan", "export", str(first), "--out", str(second)]) == 0
    assert first.read_bytes() == second.read_bytes() == imdf.write(full_plan())


@pytest.mark.parametrize("name", ["g.svg", "g.png"])
def test_a_level_is_drawn(tmp_path: Path, plan_file: Path, name: str) -> None:
    out = tmp_path / name
    assert main(["plan", "render", str(plan_file), "--level", "1", "--scale", "10", "--out", str(out)]) == 0
    assert out.read_bytes()[:4] in (b"<svg", b"\x89PNG")
    assert main(["plan", "render", str(plan_file), "--level", "9", "--out", str(out)]) == 2


@pytest.mark.parametrize("name", ["g.bmp", "g", "svg", "g.svg.jpeg"])
def test_a_picture_of_a_kind_that_is_not_drawn_is_refused(
    tmp_path: Path, centre_file: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Before, it was a PNG under that name, or an SVG."""
    out = str(tmp_path / name)
    drawing = (["render", "--out", out], ["route", "--from", "G:2,2", "--to", "cafe", "--svg", out], ["coverage", "--svg", out])
    for action, *options in drawing:
        assert main(["plan", action, str(centre_file), *options]) == 2
        assert f"{name} is no picture that can be drawn; the name ends on one of: .svg, .png." in capsys.readouterr().err
    assert not Path(out).exists()


def test_the_plan_in_force_is_checked_as_a_file_is(two_shops: Path, plan_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order = ["plan", "check", "noor", "--tenant", "tamim", "--data", str(two_shops)]
    capsys.readouterr()
    code = main([*order, "--json"])
    in_force = json.loads(capsys.readouterr().out)
    assert main(["plan", "check", str(plan_file), "--json"]) == code
    in_file = json.loads(capsys.readouterr().out)
    assert (in_force["file"], in_force["format"]) == ("noor", "in_force")
    assert [in_force[part] for part in ("counts", "levels", "width_m")] == [in_file[part] for part in ("counts", "levels", "width_m")]
    assert main([*order, "--lang", "ar"]) == code
    assert "المخطط المعمول به" in capsys.readouterr().out


@pytest.fixture
def two_shops(home: Path, plan_file: Path) -> Path:
    """The folder of two tenants, each with a venue `noor`; `dana` has `annex` besides, without a plan."""

    def work(conn: Connection) -> None:
        for tenant in (TenantId("dana"), TenantId("tamim")):
            people.add_tenant(conn, tenant=tenant, name_ar="متجر", name_en=tenant, salt=bytes(32), now_ms=0)
        places.add_venue(conn, Venue(VenueId("annex"), TenantId("dana"), Names("فرع", "Annex"), "Asia/Riyadh"), 0)

    async def make() -> None:
        db = await open_database(Folder(home).database_url)
        await db.write(work)
        await db.close()

    asyncio.run(make())
    for tenant in ("dana", "tamim"):
        order = ["plan", "import", str(plan_file), "--venue", "noor", "--tenant", tenant, "--data", str(home)]
        assert main([*order, *(["--publish"] if tenant == "tamim" else [])]) == 0
    return home


@pytest.mark.parametrize(
    "action",
    [
        ("check",),
        ("render", "--out", "x.svg"),
        ("export", "--out", "x.geojson"),
        ("route", "--from", "0:1,1", "--to", "0:2,1"),
        ("coverage",),
    ],
)
def test_a_plan_of_any_tenant_is_found_and_one_of_two_must_be_named(
    two_shops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], action: tuple[str, ...]
) -> None:
    name, *rest = (str(tmp_path / word) if word.startswith("x.") else word for word in action)

    def said(venue: str, *tenant: str) -> str:
        capsys.readouterr()
        assert main(["plan", name, venue, *rest, "--data", str(two_shops), *tenant]) == 2
        return capsys.readouterr().err

    assert "Several tenants have a venue noor; name one with `--tenant`: dana, tamim." in said("noor")
    assert "Venue noor has no published plan" in said("noor", "--tenant", "dana")
    assert "Venue annex has no published plan" in said("annex")
    assert "elsewhere is neither a file nor a venue; known venues are: annex, noor." in said("elsewhere")
    assert "There is no tenant nobody; known are: dana, tamim." in said("noor", "--tenant", "nobody")
    assert main(["plan", name, "noor", *rest, "--data", str(two_shops), "--tenant", "tamim"]) in (0, 2)
    assert "tenant" not in capsys.readouterr().err


def test_an_import_into_a_new_venue_says_whose_where_it_takes_a_name_to_tell(
    two_shops: Path, plan_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = ["plan", "import", str(plan_file), "--data", str(two_shops)]
    assert main([*order, "--venue", "new"]) == 2
    assert "There is no venue new yet; say with `--tenant` whose it is to be: dana, tamim." in capsys.readouterr().err
    assert main([*order, "--venue", "annex"]) == 0  # there is one alone of that name


def test_a_plan_with_errors_is_not_published(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "lost.csv"
    table.write_text("product,fixture\n6281000000012,no-such-shelf\n")
    order = ["plan", "import", str(table), "--venue", "noor", "--data", str(home)]
    assert main([*order, "--publish"]) == 1
    assert "is not published" in capsys.readouterr().err
    assert main([*order, "--publish", "--lang", "ar"]) == 1
    assert "فلا يُنشر" in capsys.readouterr().err
    assert main([*order, "--dry-run"]) == 1
    assert "product 6281000000012" in capsys.readouterr().out
    assert main(order) == 0
    assert "revision 1" in capsys.readouterr().out


def test_a_format_that_cannot_be_written_is_refused(tmp_path: Path, plan_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "export", str(plan_file), "--to", "dwg", "--out", str(tmp_path / "x")]) == 2
    assert "known are: imdf, geojson" in capsys.readouterr().err


@pytest.fixture
def centre_file(tmp_path: Path) -> Path:
    path = tmp_path / "centre.geojson"
    path.write_bytes(geojson.write(with_gateways()))
    return path


def test_a_way_is_told_drawn_and_given_as_geojson(tmp_path: Path, centre_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order = ["plan", "route", str(centre_file), "--from", "G:2,2", "--via", "dates", "--via", "coffee", "--to", "cafe"]
    assert main([*order, "--step-free", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (sorted(told["order"]), [way["step_free"] for way in told["ways"]]) == ([0, 1], [True] * 3)
    assert main([*order, "--lang", "ar", "--svg", str(tmp_path / "way.svg")]) == 0
    assert "وصلت إلى" in capsys.readouterr().out
    assert (tmp_path / "way.svg").read_bytes().startswith(b"<svg")
    assert main([*order, "--geojson"]) == 0
    drawn = json.loads(capsys.readouterr().out)
    assert {feature["properties"]["stop"] for feature in drawn["features"]} == {0, 1, None}
    assert round(drawn["features"][0]["geometry"]["coordinates"][0][0], 2) == 46.68


@pytest.mark.parametrize(
    ("ends", "code", "words"),
    [
        (["--from", "G:2,2", "--to", "tea"], 2, "no place tea"),
        (["--from", "G:2,2", "--to", "product:tea"], 1, "stands on no shelf"),
        (["--from", "G:2,2", "--to", "G:400,2"], 1, "no walkable floor"),
        (["--from", "G:2,2"], 2, "--via"),
    ],
)
def test_a_way_that_is_not_there_is_a_sentence(
    centre_file: Path, capsys: pytest.CaptureFixture[str], ends: list[str], code: int, words: str
) -> None:
    assert main(["plan", "route", str(centre_file), *ends]) == code
    assert words in capsys.readouterr().err


def test_without_a_gateway_it_is_said_what_the_first_ones_bring(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "silent.geojson"
    path.write_bytes(geojson.write(dataclasses.replace(full_plan(), placements=())))
    assert main(["plan", "coverage", str(path), "--level", "G"]) == 0
    silent, *fillers = capsys.readouterr().out.splitlines()
    assert silent == "Level G: no gateway hangs here yet."
    assert re.fullmatch(r"  With 1 more, the last at \([\d., ]+\): by 1 (100|[1-9]\d?) %, by 2 0 %, by 3 0 %\.", fillers[0]), fillers
    assert all("makes it" not in line for line in fillers)


def test_coverage_is_forecast_and_compared_with_a_walk(tmp_path: Path, centre_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    walk = tmp_path / "walk.csv"
    walk.write_text("gateway,level,x_m,y_m,rssi_dbm\n" + "".join(f"gw-1,G,{x},5,-66\n" for x in range(6, 12)))
    order = ["plan", "coverage", str(centre_file), "--level", "G"]
    assert main([*order, "--walk", str(walk), "--svg", str(tmp_path / "heat.png"), "--fillers", "1"]) == 0
    told = capsys.readouterr().out
    assert "heard by 1 gateway or more" in told
    assert "Walk test: 6 points" in told
    assert (tmp_path / "heat.png").read_bytes().startswith(b"\x89PNG")
    walk.write_text("gateway,level,x_m,y_m,rssi_dbm\ngw-1,G,here,5,-66\n")
    assert main([*order, "--walk", str(walk), "--lang", "ar"]) == 2
    assert "الصف 2" in capsys.readouterr().err.replace("\u2068", "").replace("\u2069", "")
    assert main([*order[:-1], "9"]) == 2
