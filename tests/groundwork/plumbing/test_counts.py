"""Counted things read as Arabic says them, and documentation shows no forms."""

import ast

import pytest

from groundwork.plumbing.counts import FORMS, counted, is_counted, plain
from groundwork.plumbing.reasons import Words
from tests.architecture.source import product

WAIT = Words("wait {s} s", "انتظر {s:ثانية}")
BOXES = Words("{n} boxes", "{n:صندوق واحد|صندوقين|صناديق|صندوقًا|صندوق}")


@pytest.mark.parametrize(
    ("number", "arabic"),
    [
        (0, "0 ثانية"),
        (1, "ثانية واحدة"),
        (2, "ثانيتين"),
        (3, "3 ثوانٍ"),
        (10, "10 ثوانٍ"),
        (11, "11 ثانية"),
        (99, "99 ثانية"),
        (100, "100 ثانية"),
        (101, "101 ثانية"),
        (103, "103 ثوانٍ"),
        ("2", "ثانيتين"),
        (1.5, "1.5 ثانية"),
        ("?", "? ثانية"),
    ],
)
def test_the_noun_goes_with_the_number(number: object, arabic: str) -> None:
    assert WAIT.said("ar", s=number) == f"انتظر {arabic}"
    assert WAIT.said("en", s=number) == f"wait {number} s"


@pytest.mark.parametrize(("number", "arabic"), [(1, "صندوق واحد"), (2, "صندوقين"), (9, "9 صناديق"), (40, "40 صندوقًا"), (200, "200 صندوق")])
def test_any_noun_may_bring_its_forms(number: int, arabic: str) -> None:
    assert BOXES.said("ar", n=number) == arabic


def test_every_noun_has_five_forms_of_which_two_say_the_number() -> None:
    for noun, forms in FORMS.items():
        assert len(forms.split("|")) == 5, noun
        assert [counted(number, noun)[0] for number in (1, 2, 5, 50, 500)] == ["", "", "5", "50", "500"]


def test_documentation_shows_the_noun_alone() -> None:
    assert plain(WAIT.ar) == "انتظر {s} ثانية"
    assert plain(BOXES.ar) == "{n} صندوق"
    assert plain("{gb:.1f} غيغابايت") == "{gb:.1f} غيغابايت"
    assert not is_counted(".1f")


def test_no_sentence_counts_seconds_without_their_forms() -> None:
    """`{seconds} ثانية` is right for some numbers and wrong for most of those that are said."""
    wrong = [
        f"{source.path}: {node.value}"
        for source in product()
        if source.module != "groundwork.plumbing.counts"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if any(f"}} {noun}" in node.value and "مليون" not in node.value for noun in ("ثانية", "دقيقة", "يومًا", "ساعة", "صفًا"))
    ]
    assert not wrong, "\n".join(wrong)
