"""Settings: where values come from, and what is said of a wrong one."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from groundwork.plumbing.settings import SettingError, check_sections, describe, load


class Oven(msgspec.Struct, frozen=True, kw_only=True):
    """An oven."""

    heat_c: Annotated[int, msgspec.Meta(ge=50, le=300)] = 180
    """How hot. Higher: a crust; lower: none."""
    mode: Literal["top", "bottom"] = "top"
    """Which coil is on."""
    timers: list[int] = msgspec.field(default_factory=list)
    """Minutes after which it rings."""
    recipe: Path = Path("bread.txt")
    """What is baked."""
    light: bool = False
    """Whether one sees the bread."""
    key: str = ""
    """What opens the door."""

    def __post_init__(self) -> None:
        if self.mode == "top" and self.heat_c > 250:
            raise ValueError("the top coil ends at 250 degrees")


def in_file(folder: Path, text: str) -> Path:
    path = folder / "kitchen.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_environment_goes_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    path = in_file(tmp_path, '[oven]\nheat_c = 200\nmode = "bottom"\n[other]\nx = 1\n')
    oven = load(Oven, "oven", {"AISLECAST_OVEN_HEAT_C": "220", "AISLECAST_OTHER_X": "1"}, path)
    assert (oven.heat_c, oven.mode, oven.light) == (220, "bottom", False)


def test_texts_of_the_environment_become_what_the_field_is() -> None:
    environ = {"AISLECAST_OVEN_TIMERS": "5, 10", "AISLECAST_OVEN_LIGHT": "true", "AISLECAST_OVEN_RECIPE": "/tmp/cake.txt"}
    oven = load(Oven, "oven", environ)
    assert (oven.timers, oven.light, oven.recipe) == ([5, 10], True, Path("/tmp/cake.txt"))
    assert load(Oven, "oven", {"AISLECAST_OVEN_TIMERS": "[1,2]"}).timers == [1, 2]


def test_a_secret_may_be_given_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sesame\n")
    assert load(Oven, "oven", {"AISLECAST_OVEN_KEY_FILE": str(tmp_path / "secret")}).key == "sesame"
    with pytest.raises(SettingError, match="AISLECAST_OVEN_KEY_FILE"):
        load(Oven, "oven", {"AISLECAST_OVEN_KEY_FILE": str(tmp_path / "gone")})
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(SettingError, match="AISLECAST_OVEN_KEY_FILE"):
        load(Oven, "oven", {"AISLECAST_OVEN_KEY_FILE": str(tmp_path / "bytes")})


def said(environ: dict[str, str], path: Path | None = None) -> tuple[str, str]:
    with pytest.raises(SettingError) as caught:
        load(Oven, "oven", environ, path)
    return caught.value.said("en"), caught.value.said("ar")


@pytest.mark.parametrize(
    ("environ", "english"),
    [
        ({"AISLECAST_OVEN_HEAT_C": "hot"}, "AISLECAST_OVEN_HEAT_C is 'hot' in the environment; expected a whole number >= 50 <= 300."),
        ({"AISLECAST_OVEN_HEAT_C": "301"}, "AISLECAST_OVEN_HEAT_C is '301' in the environment; expected a whole number >= 50 <= 300."),
        ({"AISLECAST_OVEN_MODE": "side"}, "AISLECAST_OVEN_MODE is 'side' in the environment; expected one of bottom, top."),
        ({"AISLECAST_OVEN_TIMERS": "1,x"}, "AISLECAST_OVEN_TIMERS is ['1', 'x'] in the environment; expected a list, each a whole number."),
    ],
)
def test_a_wrong_value_names_key_value_source_and_what_was_expected(environ: dict[str, str], english: str) -> None:
    found, arabic = said(environ)
    assert found == english
    assert "والمتوقع" in arabic
    assert "في متغيرات البيئة" in arabic


def test_a_wrong_value_in_the_file_names_the_file(tmp_path: Path) -> None:
    path = in_file(tmp_path, '[oven]\nheat_c = "200"\n')
    assert said({}, path)[0] == f"heat_c is '200' in {path}; expected a whole number >= 50 <= 300."
    assert "expected a section [oven]" in said({}, in_file(tmp_path, "oven = 3\n"))[0]


def test_an_unknown_key_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    english, arabic = said({}, in_file(tmp_path, "[oven]\nheat = 3\n"))
    assert "sets heat, which is not a setting of [oven]" in english
    assert "Did you mean heat_c?" in english
    assert "Known are: heat_c, key, light, mode, recipe, timers." in english
    assert "هل تقصد heat_c؟" in arabic
    assert "AISLECAST_OVEN_HEET_C" in said({"AISLECAST_OVEN_HEET_C": "3"})[0]


def test_settings_that_do_not_fit_together_are_refused() -> None:
    assert "the top coil ends at 250" in said({"AISLECAST_OVEN_HEAT_C": "280"})[0]


def test_a_file_that_is_missing_or_no_toml_is_named(tmp_path: Path) -> None:
    assert "cannot be read" in said({}, tmp_path / "none.toml")[0]
    assert "cannot be read" in said({}, in_file(tmp_path, "[oven"))[0]


def test_a_section_nobody_reads_is_refused(tmp_path: Path) -> None:
    path = in_file(tmp_path, "[ovn]\n")
    with pytest.raises(SettingError, match=r"section \[ovn\] that nothing reads. Known are: oven"):
        check_sections(path, ["oven"])
    check_sections(in_file(tmp_path, "[oven]\n"), ["oven"])


def test_every_field_is_described_with_its_docstring() -> None:
    found = {setting.name: setting for setting in describe(Oven, "oven")}
    assert list(found) == ["heat_c", "mode", "timers", "recipe", "light", "key"]
    assert found["heat_c"].variable == "AISLECAST_OVEN_HEAT_C"
    assert found["heat_c"].expected == "a whole number >= 50 <= 300"
    assert found["heat_c"].text == "How hot. Higher: a crust; lower: none."
    assert (found["timers"].default, found["recipe"].default, found["recipe"].expected) == ("[]", "bread.txt", "a path")
    assert all(setting.text for setting in found.values())
