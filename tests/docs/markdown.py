"""Reads the parts of our Markdown that tests compare with the code: tables, links, code blocks."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.source import ROOT, files

PAGES = tuple(path for path in files() if path.suffix == ".md")
"""Every page of the project, relative to its root."""


@dataclass(frozen=True)
class Block:
    """A fenced block of code, with the `<!-- tag -->` that stands on the line above it, if any."""

    line: int
    language: str
    text: str
    tag: str = ""


def page(name: str | Path) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def tables(text: str) -> list[list[list[str]]]:
    """Every table as rows of cells, the heading row first and the ruler left out. `\\|` inside a cell is not a border."""
    found = re.findall(r"(?:^\|.*\|[ ]*\n?)+", text, re.MULTILINE)
    rows = [[_cells(line) for line in table.strip().splitlines()] for table in found]
    return [[row for row in table if not all(re.fullmatch(r":?-+:?", cell) for cell in row)] for table in rows]


def _cells(line: str) -> list[str]:
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def table(text: str, *heading: str) -> list[list[str]]:
    """The rows below the heading `heading`, of all tables that have it; raises AssertionError where there is none."""
    rows = [row for each in tables(text) if tuple(each[0]) == heading for row in each[1:]]
    assert rows, f"no table with the columns {heading}"
    return rows


def blocks(text: str) -> list[Block]:
    """The fenced blocks, in order."""
    form = re.compile(r"^(?:<!-- (?P<tag>[^>]*?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
    return [
        Block(text.count("\n", 0, found.start("text")), found["language"], found["text"], found["tag"] or "")
        for found in form.finditer(text)
    ]


def without_code(text: str) -> str:
    """The text with its code taken out, for looking at links and words."""
    return re.sub(r"```.*?```|`[^`]*`|^(?: {4}|\t).*$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The fragments that a link may point to: headings as web hosts spell them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
