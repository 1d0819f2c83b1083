"""Pictures: what is on a level is in them, texts cannot break out, and Arabic is joined."""

import io
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageChops, ImageFont

from floorplans.model import Level, Names, Placement, Plan, Polygon, Venue, Zone
from floorplans.render.png import font_file, png, shapes_arabic
from floorplans.render.scene import FILL, MARK, mark_boxes, overlap, scene_of
from floorplans.render.svg import svg
from groundwork.contracts.ids import GatewayId, LevelId, PlanVersionId, TenantId, VenueId, ZoneId
from tests.floorplans.mall import full_plan


def _picture(language: str = "ar", scale: float = 20.0) -> Image.Image:
    plan = full_plan()
    return Image.open(io.BytesIO(png(scene_of(plan, plan.levels[0], language), scale)))


def test_an_svg_is_sound_and_holds_every_name_as_text() -> None:
    plan = full_plan()
    root = ElementTree.fromstring(svg(scene_of(plan, plan.levels[0]), 20.0))
    texts = {element.text: element.get("direction") for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert texts["أزياء <نور>"] == "rtl"
    assert root.get("width") == "840"
    assert {element.tag.rpartition("}")[2] for element in root.iter()} == {"svg", "rect", "path", "circle", "text"}


def test_a_name_cannot_become_markup() -> None:
    plan = full_plan()
    evil = replace(plan.zones[0], names=Names("</text><script>alert(1)</script>", "x"))
    drawn = svg(scene_of(replace(plan, zones=(evil,)), plan.levels[0]), 100.0)
    assert "<script>" not in drawn
    assert "&lt;script&gt;" in drawn


def test_a_png_is_as_large_as_the_level_and_shows_its_zones_and_gateways() -> None:
    picture = _picture()
    assert picture.size == (840, 540)  # 40 x 25 m and a metre around it, 20 pixels for each
    colours = {colour for _, colour in picture.getcolors(1 << 20) or ()}
    wanted = (FILL["shop"], FILL["column"] if "column" in FILL else FILL["fixture"], MARK["gateway"])
    assert {tuple(bytes.fromhex(colour[1:])) for colour in wanted} <= colours


def test_what_lies_in_a_hole_is_not_floor() -> None:
    """The ground floor is open from (30, 5) to (32, 7); paper shows through."""
    picture = _picture()
    assert picture.getpixel((32 * 20, (25 + 1 - 6) * 20)) == (255, 255, 255)


@pytest.mark.skipif(font_file() is None or not shapes_arabic(), reason="no font with Arabic letters, or Pillow without Raqm")
def test_arabic_letters_are_joined() -> None:
    """The four letters of a word take less room joined than one by one, and the label changes the picture."""
    font = ImageFont.truetype(str(font_file()), 40)
    word = "منظف"
    assert font.getlength(word, direction="rtl", language="ar") < 0.9 * sum(font.getlength(letter) for letter in word)
    assert ImageChops.difference(_picture("ar"), _picture("en")).getbbox() is not None


def test_heat_is_drawn_where_it_is() -> None:
    plan = full_plan()
    cold, warm = (png(scene_of(plan, plan.levels[0], heat=heat), 10.0) for heat in (None, {(25.5, 20.5): 1.0}))
    box = ImageChops.difference(Image.open(io.BytesIO(cold)), Image.open(io.BytesIO(warm))).getbbox()
    assert box is not None
    assert box == pytest.approx((260, 50, 270, 60), abs=1.5)  # y is down, and the margin is a metre


def _hall(*marks: tuple[float, float]) -> Plan:
    """One zone of 4 x 12 m with gateways in it."""
    room = Polygon(((0.0, 0.0), (4.0, 0.0), (4.0, 12.0), (0.0, 12.0)))
    level = Level(LevelId("g"), 0, Names("أرضي", "Ground"), (room,))
    zone = Zone(ZoneId("a"), level.id, "aisle", Names("الشاي", "Tea"), (room,))
    hung = tuple(Placement("gateway", GatewayId(f"gw-{number}"), level.id, x, y) for number, (x, y) in enumerate(marks))
    venue = Venue(VenueId("v"), TenantId("t"), Names("متجر", "Shop"), "Asia/Riyadh")
    return Plan(venue, PlanVersionId("v-1"), (level,), (zone,), hung)


def _text(drawn: str) -> tuple[float, float, bool]:
    """Where the one label of an SVG stands, and whether it has a rim."""
    found = re.search(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*>', drawn)
    assert found is not None
    return float(found[1]), float(found[2]), "paint-order" in found[0]


def test_a_label_makes_way_for_a_mark_and_where_it_cannot_has_a_rim() -> None:
    free, marked = _hall(), _hall((2.0, 6.0))
    middle = _text(svg(scene_of(free, free.levels[0], "en"), 20.0))
    aside = _text(svg(scene_of(marked, marked.levels[0], "en"), 20.0))
    assert middle[2] is aside[2] is False
    assert abs(aside[1] - middle[1]) > 15
    crowded = _hall(*((2.0, y / 4) for y in range(49)))
    assert _text(svg(scene_of(crowded, crowded.levels[0], "en"), 20.0)) == (*middle[:2], True)


def test_in_a_png_no_mark_is_written_over() -> None:
    marked = _hall((2.0, 6.0))
    scene = scene_of(marked, marked.levels[0], "en")
    with_label, without = (Image.open(io.BytesIO(png(one, 20.0))) for one in (scene, replace(scene, labels=())))
    changed = ImageChops.difference(with_label, without).getbbox()
    assert changed is not None
    left, top, right, bottom = map(float, changed)
    assert not any(overlap((left, top, right, bottom), box) for box in mark_boxes(scene, 20.0))
