"""What a wrong value should have been: no regular expression reaches a person, and no English an Arabic sentence."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

import groundwork
from groundwork.plumbing.expectations import expected_words, pattern_words
from groundwork.plumbing.http import decoded
from groundwork.plumbing.problems import problem
from groundwork.plumbing.reasons import Refusal

ROOT = Path(groundwork.__file__).parents[1]
PACKAGES = ("aislecast", "beacon_gateway", "floorplans", "geofence", "groundwork", "notifier")


def patterns() -> Iterator[str]:
    """Every pattern that a type of the product is bound to, where it is written out."""
    for path in (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "Meta":
                yield from (
                    keyword.value.value
                    for keyword in node.keywords
                    if keyword.arg == "pattern" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str)
                )


def test_every_pattern_of_the_product_has_words_in_both_languages() -> None:
    found = sorted(set(patterns()))
    assert len(found) > 20
    for pattern in found:
        words = pattern_words(pattern)
        assert pattern not in words.en, pattern
        assert re.search("[ء-ي]", words.ar)
        assert not re.search(r"[a-z]{3}(?![a-z]*[./:])", words.ar.replace("mqtts", "").replace("https", "").replace("abc", "")), words.ar


@pytest.mark.parametrize(
    ("kind", "value", "english", "arabic"),
    [
        (Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")], "riyal", "3 capital letters A to Z", "أحرف لاتينية كبيرة عددها 3"),
        (Annotated[str, msgspec.Meta(pattern="^(ar|en)$")], "fr", "one of ar, en", "إحدى القيم ar، en"),
        (
            Annotated[str, msgspec.Meta(pattern=r"^[^\s]{1,64}$")],
            "a b",
            "1 to 64 characters without a space",
            "محارف دون مسافات عددها من 1 إلى 64",
        ),
        (Annotated[str, msgspec.Meta(pattern="^x+$")], "y", "text of the form ^x+$", "نص بالصيغة ^x+$"),
        (Annotated[str, msgspec.Meta(max_length=3)], "long", "`str` of length <= 3", "نص بطول <= 3"),
        (Annotated[int, msgspec.Meta(ge=1)], 0, "`int` >= 1", "عدد صحيح >= 1"),
        (int | None, "x", "`int | null`", "عدد صحيح أو null"),
        (list[int], 7, "`array`", "قائمة"),
    ],
)
def test_what_was_expected_is_said_in_the_language_of_the_sentence(kind: Any, value: object, english: str, arabic: str) -> None:
    struct = msgspec.defstruct("Body", [("field", kind)])
    with pytest.raises(Refusal) as refused:
        decoded(msgspec.json.encode({"field": value}), struct)
    told = problem(refused.value, "ar", "")
    assert told.detail_en.endswith(f"expected {english}.")
    assert told.detail_ar.endswith(f"والمتوقع {arabic}.")


def test_what_is_not_recognised_is_quoted() -> None:
    assert expected_words("something else") == ("something else", "something else")
