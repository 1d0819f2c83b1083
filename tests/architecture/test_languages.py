"""Arabic and English are equals: every sentence the product says is there in both, says the same, and is written as it should be.

The sentences are found in the source as calls of `Words`, so one inside a function or a branch is seen as well.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from string import Formatter

from tests.architecture.source import Source, dotted, listed, product

ARABIC = re.compile(r"[\u0621-\u064a]")
LATIN_SIGN = re.compile(r"(?<=[\u0600-\u06ff])\s*[,;?]")
"""A Latin comma, semicolon or question mark after an Arabic word; Arabic has its own."""
ARABIC_OF = {
    "advert": "إعلان|حزم",
    "aisle": "ممر",
    "batch": "دفع",
    "beacon": "منار",
    "campaign": "حمل",
    "coupon": "قسيم|قسائم",
    "gateway": "بواب",
    "push": "إشعار",
    "recording": "تسجيل",
    "redemption": "صرف|مصروف",
    "shopper": "متسو",
    "sighting": "رصد|أرصاد",
    "till": "صندوق|صناديق",
    "venue": "متجر|متاجر",
    "visit": "زيار",
    "window": "نافذ|نوافذ",
    "zone": "منطق|مناطق",
}
"""What the Arabic must hold where the English has the noun: the stems of the terms in docs/glossary.md."""
NAMES_OF_THE_OTHER = ("العربية", "English")
"""What a switch between the languages says: the other one's name, in the other one."""
PHRASED = ("Words", "Wrong", "Unfit", "FeedError")
"""What is made of an English and an Arabic text."""
SAYING = ("Refusal", "Stop", "SettingError", "RecordingError", "PlanFileError", "fault", "said", "say", "_wrong", "_fault")
"""What puts values into a sentence in both languages."""
QUOTED = {
    "aislecast/till.py": "the name of an exception's type",
    "aislecast/twin/recording.py": "what Python says of a GeoJSON that is none; the place and what was expected stand beside it",
    "floorplans": "what a parser of plan files says; `sentences.phrases` says it again where it is known",
    "beacon_gateway/enrol.py": "what the uplink says, which brings its words along",
    "beacon_gateway/check.py": "what the uplink says, which brings its words along",
    "beacon_gateway/sources/monitor.py": "a socket's error, beside what to do",
}
"""Where an error's own text may be a value, and why."""
_ENGLISH = re.compile(r"[A-Za-z]{2,}[;:]? [a-z]{2,}")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Sentence:
    """One call of `Words`."""

    source: Source
    line: int
    en: str
    ar: str


def _named(node: ast.Call, name: str) -> bool:
    return dotted(node.func).split(".")[-1] == name


def _text(node: ast.expr | None) -> str | None:
    """The text of a literal, also where it is put together of several or has values filled in; None for what only a run knows."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    try:
        value = ast.literal_eval(node) if node is not None else None
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _sides(call: ast.Call) -> tuple[ast.expr | None, ast.expr | None]:
    given: dict[str | None, ast.expr] = dict(zip(("en", "ar"), call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords}
    return given.get("en"), given.get("ar")


def _calls(source: Source, name: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.Call) and _named(node, name))


def sentences() -> list[Sentence]:
    found = []
    for source in product():
        for call in (call for name in PHRASED for call in _calls(source, name)):
            en, ar = map(_text, _sides(call))
            if en is not None and ar is not None:
                found.append(Sentence(source, call.lineno, en, ar))
    return found


def _fields(text: str) -> Counter[str]:
    return Counter(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _spoken(text: str) -> str:
    """The text without its placeholders."""
    return "".join(literal for literal, _, _, _ in Formatter().parse(text))


def test_a_sentence_is_written_out_in_both_languages_side_by_side() -> None:
    """One side in the source and the other from elsewhere could not be compared."""
    violations = [
        source.at(call.lineno, "one language is written here and the other is not")
        for source in product()
        for call in _calls(source, "Words")
        if len({_text(side) is None for side in _sides(call)}) > 1
    ]
    assert not violations, listed(violations)


def test_every_sentence_is_said_in_arabic_and_in_english() -> None:
    violations = []
    for each in sentences():
        if (each.en, each.ar) == NAMES_OF_THE_OTHER:
            continue
        if _LETTER.search(_spoken(each.en)) and not ARABIC.search(each.ar):
            violations.append(each.source.at(each.line, f"no Arabic in {each.ar!r}"))
        if bool(each.en.strip()) != bool(each.ar.strip()) or ARABIC.search(each.en):
            violations.append(each.source.at(each.line, f"no English in {each.en!r}"))
    assert not violations, listed(violations)


def test_both_languages_fill_in_the_same_values() -> None:
    violations = [
        each.source.at(each.line, f"{sorted(_fields(each.en))} in English, {sorted(_fields(each.ar))} in Arabic")
        for each in sentences()
        if _fields(each.en) != _fields(each.ar)
    ]
    assert not violations, listed(violations)


def test_arabic_is_punctuated_as_arabic() -> None:
    violations = [each.source.at(each.line, f"write ، ؛ ؟ in {each.ar!r}") for each in sentences() if LATIN_SIGN.search(_spoken(each.ar))]
    assert not violations, listed(violations)


def test_a_noun_of_the_glossary_has_one_arabic_term() -> None:
    """The same thing is not called by two names on two screens."""
    violations = [
        each.source.at(each.line, f"{noun!r} without {stem} in {each.ar!r}")
        for each in sentences()
        for noun, stem in ARABIC_OF.items()
        if re.search(rf"(?<!time )\b{noun}(e?s)?\b", _without_code(_spoken(each.en)).lower())
        and not re.search(stem, _bare(_spoken(each.ar)))
    ]
    assert not violations, listed(violations)


def _without_code(text: str) -> str:
    return re.sub(r"`[^`]*`|\[\w+\]", "", text)


def _bare(arabic: str) -> str:
    """The text without vowel signs, which may or may not be written."""
    return re.sub("[\u064b-\u0652\u0640]", "", arabic)


def codes(source: Source) -> Iterator[tuple[int, str, str, str]]:
    """Line, code and both sentences of each Reason: `Reason(code, Words(...))`, or a code and its Words in a table of reasons.py."""
    for call in _calls(source, "Reason"):
        given = dict(zip(("code", "words"), call.args, strict=False)) | {str(each.arg): each.value for each in call.keywords}
        code = _text(given.get("code"))
        if code is not None:
            yield call.lineno, code, *_both(given.get("words"))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Dict) and source.path.name == "reasons.py":
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(value, ast.Call) and _named(value, "Words") and (code := _text(key)) is not None:
                    yield value.lineno, code, *_both(value)


def _both(words: ast.expr | None) -> tuple[str, str]:
    """English and Arabic of a call of Words; empty where they are not written out there."""
    if not isinstance(words, ast.Call):
        return "", ""
    en, ar = map(_text, _sides(words))
    return en or "", ar or ""


def test_a_reason_has_a_code_of_its_own() -> None:
    """A code is searched for in logs and counted in metrics, so it means one thing in the whole product."""
    places: dict[str, list[str]] = {}
    for source in product():
        for line, code, _, _ in codes(source):
            places.setdefault(code, []).append(source.at(line, code))
    violations = [place for same in places.values() if len(same) > 1 for place in same]
    violations += [same[0] for code, same in places.items() if not re.fullmatch(r"[a-z][a-z0-9_]*([.-][a-z0-9_]+)*", code)]
    assert not violations, listed(violations)


def test_reasons_stand_in_the_file_of_reasons() -> None:
    """`plumbing.problems` holds those of HTTP itself; `plumbing.reasons` is the type."""
    violations = [
        source.at(call.lineno, "a Reason stands in its package's reasons.py")
        for source in product()
        for call in _calls(source, "Reason")
        if source.path.name not in {"reasons.py", "problems.py"}
    ]
    assert not violations, listed(violations)


def test_no_sentence_hides_in_a_condition_on_the_language() -> None:
    """`"..." if language == "ar" else "..."` belongs in Words, where both sides are checked."""
    violations = []
    for source in product():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.IfExp) and "lang" in ast.unparse(node.test):
                literals = [_text(side) or "" for side in (node.body, node.orelse)]
                if any(ARABIC.search(text) for text in literals):
                    violations.append(source.at(node.lineno, f"`{ast.unparse(node)[:60]}`: use Words"))
    assert not violations, listed(violations)


def _local_texts(function: ast.AST) -> dict[str, str]:
    """The texts that a function gives names to."""
    pairs: list[tuple[ast.expr, ast.expr]] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            pairs += zip(target.elts, value.elts, strict=False) if both else [(target, value)]  # type: ignore[attr-defined] # both are tuples
    return {target.id: text for target, value in pairs if isinstance(target, ast.Name) and (text := _text(value))}


def _saying(source: Source) -> Iterator[tuple[ast.AST, ast.Call, list[ast.expr]]]:
    """Each call that fills values into a sentence, with its function and the values."""
    for function in ast.walk(source.tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for name in SAYING:
                for call in (node for node in ast.walk(function) if isinstance(node, ast.Call) and _named(node, name)):
                    yield function, call, [*call.args[1:], *(keyword.value for keyword in call.keywords)]


def test_no_english_is_filled_into_a_sentence_of_both_languages() -> None:
    """It would stand in the Arabic one too: a value that is a phrase is `Words`."""
    violations = set()
    for source in product():
        for function, call, values in _saying(source):
            local = _local_texts(function)
            for value in values:
                text = _text(value) or (local.get(value.id, "") if isinstance(value, ast.Name) else "")
                if _ENGLISH.search(text):
                    violations.add(source.at(call.lineno, f"{text!r}: use Words"))
    assert not violations, listed(sorted(violations))


def _bare_names(value: ast.expr) -> Iterator[str]:
    """The names whose own text the value is: `error`, `str(error)`, `error.strerror`, `f"{error}"`; not those a function translates."""
    match value:
        case ast.Name(id=name):
            yield name
        case ast.Attribute(value=ast.Name(id=name), attr="strerror" | "reason"):
            yield name
        case ast.Call(func=ast.Name(id="str" | "repr"), args=[inner]):
            yield from _bare_names(inner)
        case ast.BoolOp(values=values):
            yield from (name for each in values for name in _bare_names(each))
        case ast.JoinedStr(values=values):
            yield from (name for each in values if isinstance(each, ast.FormattedValue) for name in _bare_names(each.value))


def test_no_errors_own_english_is_filled_into_a_sentence_of_both_languages() -> None:
    """`phrase_of(error)` says it in both, as far as it is known."""
    violations = set()
    for source in product():
        if any(str(source.path).startswith(place) for place in QUOTED):
            continue
        for function, call, values in _saying(source):
            caught = {node.name for node in ast.walk(function) if isinstance(node, ast.ExceptHandler) and node.name}
            for value in values:
                violations |= {
                    source.at(call.lineno, f"{ast.unparse(value)}: use phrase_of") for name in _bare_names(value) if name in caught
                }
    assert not violations, listed(sorted(violations))
