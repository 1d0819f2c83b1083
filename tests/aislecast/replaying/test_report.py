"""Report: what a replay prints is explained to whoever reads it."""

from aislecast.replaying.predictions import COLUMNS
from aislecast.replaying.report import FIGURES
from tests.data import PROJECT


def test_every_figure_and_every_column_is_explained() -> None:
    explained = (PROJECT / "docs" / "positioning.md").read_text(encoding="utf-8").split("## What a score says")[1]
    said = {name for run in explained.split("`")[1::2] for name in run.split(", ")}
    assert {part for name in (*FIGURES, "hops", *COLUMNS) for part in name.split()} <= said
