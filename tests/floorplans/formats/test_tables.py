"""CSV: three tables out and in, from whatever spreadsheet, with each faulty row named."""

from pathlib import Path

import pytest

from floorplans.drawing import Choice, Drawn, PlanFileError
from floorplans.formats import recognised, tables
from floorplans.merge import merged
from floorplans.model import Names
from floorplans.sentences import said
from tests.floorplans.mall import box, full_plan


def _read(path: Path, text: str | bytes) -> Drawn:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    assert recognised(path) == "csv"
    return tables.read(path, Choice())


def test_what_is_written_comes_back_equal(tmp_path: Path) -> None:
    plan = full_plan()
    assert _read(tmp_path / "z.csv", tables.write_zones(plan)).zones == plan.zones
    assert _read(tmp_path / "p.csv", tables.write_placements(plan)).placements == plan.placements
    assert _read(tmp_path / "s.csv", tables.write_products(plan)).shelved == plan.shelved


def test_a_table_that_was_written_changes_nothing_when_it_is_read_again(tmp_path: Path) -> None:
    for write in (tables.write_zones, tables.write_placements, tables.write_products):
        done = merged(full_plan(), _read(tmp_path / "t.csv", write(full_plan())))
        assert done.plan == full_plan()
        assert all(change.added == change.changed == 0 for change in done.changes.values())


def test_a_spreadsheet_in_arabic_is_understood(tmp_path: Path) -> None:
    """Semicolons, a byte order mark, Arabic-Indic digits."""
    drawn = _read(tmp_path / "p.csv", "\ufeffkind;subject;level;x_m;y_m;z_m\r\ngateway;gw-7;G;١٢٫٥;3.25;\r\n")
    (placement,) = drawn.placements
    assert (placement.x_m, placement.y_m, placement.z_m) == (12.5, 3.25, 2.5)


def test_a_name_that_a_spreadsheet_would_run_is_disarmed_and_comes_back(tmp_path: Path) -> None:
    plan = full_plan()
    zone = plan.zones[0]
    evil = type(zone)(zone.id, zone.level, zone.kind, Names("=1+1", "@SUM(A1)"), (box(0, 0, 1, 1),))
    written = tables.write_zones(type(plan)(plan.venue, plan.version, plan.levels, (evil,)))
    assert b",'=1+1,'@SUM(A1)," in written
    assert _read(tmp_path / "z.csv", written).zones == (evil,)


@pytest.mark.parametrize(
    ("row", "code", "words"),
    [
        ("router,gw,G,1,2", "unknown_kind", "router"),
        ("gateway,gw,G,one,2", "wrong_number", "x_m"),
        ("gateway,,G,1,2", "wrong_value", "subject"),
        ("gateway,gw,G,1,inf", "wrong_number", "y_m"),
    ],
)
def test_a_faulty_row_is_named_and_the_others_are_read(tmp_path: Path, row: str, code: str, words: str) -> None:
    drawn = _read(tmp_path / "p.csv", f"kind,subject,level,x_m,y_m\ngateway,gw-1,G,1,2\n{row}\ngateway,gw-2,G,3,4\n")
    assert [placement.subject for placement in drawn.placements] == ["gw-1", "gw-2"]
    (remark,) = drawn.remarks
    assert (remark.code, remark.at) == (code, "row 3")
    assert words in said(remark, "en")
    assert words in said(remark, "ar")


@pytest.mark.parametrize("shape", ["", "POINT (1 1)", "POLYGON ((0 0, 1 1", "circle"])
def test_a_shape_that_is_no_polygon_is_refused(tmp_path: Path, shape: str) -> None:
    drawn = _read(tmp_path / "z.csv", f'id,level,kind,shape\nz,G,aisle,"{shape}"\n')
    assert [remark.code for remark in drawn.remarks] == ["wrong_value"]


def test_letters_that_are_no_utf8_are_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "z.csv"
    path.write_bytes("product,fixture,name\n1,رف,x\n".encode("cp1256"))
    with pytest.raises(PlanFileError, match="not_utf8"):
        tables.read(path, Choice())
