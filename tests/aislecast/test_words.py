"""The operator's language, and that every sentence of the face exists in both."""

import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter

import pytest

import aislecast
from aislecast.words import Voice, language_of
from groundwork.plumbing.reasons import Words

ARABIC = re.compile(r"[\u0621-\u064a]")
ISOLATES = re.compile("[\u2066-\u2069\u200f]")


def _found(value: object) -> Iterator[Words]:
    if isinstance(value, Words):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _found(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _found(part)


def _says_something(path: Path) -> bool:
    return "Words(" in path.read_text()


def _all_words() -> list[tuple[str, Words]]:
    root = Path(aislecast.__file__).parent
    files = (path.relative_to(root.parent) for path in sorted(root.rglob("*.py")) if _says_something(path))
    modules = [importlib.import_module(".".join(path.with_suffix("").parts)) for path in files]
    return [(module.__name__, words) for module in modules for value in vars(module).values() for words in _found(value)]


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_sentence_is_complete_in_both_languages() -> None:
    said = _all_words()
    assert len(said) > 150
    for module, words in said:
        assert _names(words.en) == _names(words.ar), f"{module}: {words}"
        assert words.en.strip()
        assert words.ar.strip(), f"{module}: {words}"
        assert not ARABIC.search(words.en), f"{module}: {words}"
        if re.search(r"[a-z]{3}", re.sub(r"\{.*?\}|`.*?`", "", words.en)):
            assert ARABIC.search(words.ar), f"{module}: {words}"
        assert not re.search(r"[,;?](?=\s|$)", re.sub(r"`.*?`", "", words.ar)), f"{module}: an Arabic sentence has ، ؛ ؟: {words.ar}"


def test_a_sentence_ends_alike_in_both_languages() -> None:
    for module, words in _all_words():
        assert words.en.endswith(".") == words.ar.endswith("."), f"{module}: {words}"


@pytest.mark.parametrize(
    ("line", "environment", "language"),
    [
        ([], {}, "en"),
        ([], {"LANG": "ar_AE.UTF-8"}, "ar"),
        ([], {"LANG": "ar"}, "ar"),
        ([], {"LANG": "arn_CL"}, "en"),
        ([], {"LANG": "ar_SA", "LC_ALL": "C"}, "en"),
        ([], {"LC_ALL": "", "LANG": "ar_SA"}, "ar"),
        ([], {"AISLECAST_LANG": "ar", "LC_ALL": "en_GB"}, "ar"),
        (["doctor", "--lang", "ar"], {"AISLECAST_LANG": "en"}, "ar"),
        (["--lang=en", "doctor"], {"LANG": "ar_SA"}, "en"),
        (["doctor", "--lang"], {}, "en"),
        (["x", "--", "--lang", "ar"], {}, "en"),
    ],
)
def test_the_language_is_found_where_people_set_it(line: list[str], environment: dict[str, str], language: str) -> None:
    assert language_of(line, environment) == language


def test_latin_parts_of_an_arabic_line_are_isolated() -> None:
    words = Words("Run `aislecast up` in {folder}.", "شغّل `aislecast up` في {folder} عبر HTTP.")
    said = Voice("ar").say(words, folder="/srv/متجر")
    assert said == "شغّل \u2066`aislecast up`\u2069 في \u2068/srv/متجر\u2069 عبر \u2066HTTP\u2069."
    assert not ISOLATES.search(Voice("en").say(words, folder="/srv"))


@pytest.mark.parametrize(
    "run",
    [
        "http://127.0.0.1:8000",
        "https://h/docs?a=b",
        "tag,t,level,x_m",
        "LEVEL:x,y",
        "~/.local/share/aislecast",
        "-85",
        "-0.5",
        "--tls self",
    ],
)
def test_a_latin_run_stays_whole(run: str) -> None:
    """Half an address, or the sign of a number, would be shown on the other side."""
    assert Voice("ar").say(Words(f"as ({run}), so", f"مثل ({run})، هكذا")) == f"مثل (\u2066{run}\u2069)، هكذا"


def test_what_is_one_thing_stays_in_one_isolate() -> None:
    """Two isolates side by side would change places in a line that runs from the right."""
    assert Voice("ar").say(Words("at {url}/docs", "على {url}/docs"), url="http://h") == "على \u2068http://h/docs\u2069"


def test_every_isolate_is_closed() -> None:
    for _, words in _all_words():
        said = Voice("ar").say(Words(words.en, re.sub(r"\{(\w+)[^}]*\}", r"{\1}", words.ar)), **dict.fromkeys(_names(words.en), "x"))
        assert len(re.findall("[\u2066\u2068]", said)) == said.count("\u2069"), said


def test_numbers_keep_their_form_in_arabic() -> None:
    assert Voice("ar").say(Words("{gb:.1f} GB", "{gb:.1f} غيغابايت"), gb=1.26) == "\u20681.3\u2069 غيغابايت"
