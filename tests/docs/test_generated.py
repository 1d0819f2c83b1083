"""The parts of the docs that are made of the code are as the code would make them now."""

import re

import pytest

from tests.architecture.source import product
from tests.docs import generated
from tests.docs.markdown import page, table

STALE = "is stale: run `make docs`"


@pytest.mark.parametrize("name", generated.PAGES)
def test_a_page_made_of_the_code_is_fresh(name: str) -> None:
    assert generated.fresh(page(name)) == page(name), f"{name} {STALE}"


def test_the_description_of_the_api_is_fresh() -> None:
    assert generated.openapi() == page(generated.OPENAPI), f"{generated.OPENAPI} {STALE}"


def test_every_section_of_the_settings_has_its_table() -> None:
    assert set(re.findall(r"<!-- made: settings (\w+) -->", page("docs/settings.md"))) == set(generated.sections())


def test_every_setting_says_what_it_means() -> None:
    rows = table(page("docs/settings.md"), "setting", "environment", "default", "expected", "meaning")
    assert [row[0] for row in rows if len(row[4]) < 15] == []


def test_every_settings_file_belongs_to_a_section() -> None:
    known = {kind.__module__ for kind in generated.sections().values()}
    files = {
        source.module
        for source in product()
        if source.path.name in ("settings.py", "server_settings.py") and "msgspec.Struct" in source.text
    }
    assert files - {"groundwork.plumbing.settings"} == known


def test_a_block_that_nobody_makes_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="unknown block 'prices'; known: settings SECTION, files"):
        generated.made("prices")


def test_a_cell_keeps_to_its_line_and_column() -> None:
    assert generated.written(("x",), [("a|b\n c",)]) == "| x |\n| --- |\n| a\\|b c |\n"
