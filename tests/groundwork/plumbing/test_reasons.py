"""Reasons: every sentence of this package exists in both languages with the same things filled in."""

import re
import string

import pytest

from groundwork.plumbing import problems, settings, tls
from groundwork.plumbing.reasons import Reason, Refusal, Words

REASONS = [value for value in vars(problems).values() if isinstance(value, Reason)]
WORDS = [reason.words for reason in REASONS] + [w for module in (settings, tls) for w in vars(module).values() if isinstance(w, Words)]


def names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.en[:30])
def test_a_sentence_fills_in_the_same_things_in_both_languages(words: Words) -> None:
    assert names(words.en) == names(words.ar)
    assert re.search("[ء-ي]", words.ar)
    assert not re.search("[ء-ي]", words.en)


def test_no_two_reasons_share_a_code() -> None:
    assert len({reason.code for reason in REASONS}) == len(REASONS)
    assert all(re.fullmatch("[a-z_]+", reason.code) for reason in REASONS)


def test_a_status_has_a_title_in_both_languages() -> None:
    for reason in REASONS:
        title = problems.title(reason.status)
        assert title.en != title.ar


def test_a_refusal_says_itself_in_english_and_keeps_what_fills_the_sentence() -> None:
    refusal = Refusal(Reason("far", Words("{what} is far", "{what} بعيد"), 404), at="/x", what="it")
    assert (str(refusal), refusal.at, refusal.values) == ("far: it is far", "/x", {"what": "it"})
    assert refusal.reason.words.said("ar", what="it") == "it بعيد"
    assert refusal.reason.words.said("fr", what="it") == "it is far"


def test_a_value_that_is_words_comes_in_the_language_of_its_sentence_and_is_not_filled_in() -> None:
    sentence, expected = (
        Words("{value} is wrong; expected {expected}", "القيمة {value}؛ والمتوقع {expected}"),
        Words("text {1,2}", "نص {1,2}"),
    )
    assert sentence.said("en", value="x", expected=expected) == "x is wrong; expected text {1,2}"
    assert sentence.said("ar", value="x", expected=expected) == "القيمة x؛ والمتوقع نص {1,2}"
