"""The operator's language: which one, how a sentence is said in it, and the sentences that no single command owns.

Every sentence is a `Words` beside the code that says it; a test walks the whole package and holds both languages complete.
Arabic on a terminal mixes with Latin commands and paths, so each of those is wrapped in a bidi isolate (Unicode UAX #9):
without it, `--tls self` or a path at the end of a line is shown in the wrong order.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from aislecast.settings import LANGUAGE
from groundwork.plumbing.counts import counted, is_counted
from groundwork.plumbing.reasons import Refusal, Words

LANGUAGES = ("ar", "en")

_RIGHT_TO_LEFT_MARK = "\u200f"
_LEFT_TO_RIGHT_ISOLATE = "\u2066"
_RIGHT_TO_LEFT_ISOLATE = "\u2067"
_FIRST_STRONG_ISOLATE = "\u2068"
_POP_ISOLATE = "\u2069"
_LATIN = re.compile(
    r"`[^`]*`"
    r"|[a-z]+://[^\s\u060c\u061b()]+"  # an address, up to a bracket or an Arabic comma
    r"|(?:~?/\.?|--?)?[A-Za-z][A-Za-z0-9]*(?:[ ./:,_-][A-Za-z0-9]+)*"
    r"|(?<![\w-])-\d[\d.]*"  # the sign of a number would change sides
)

_SEAM = re.compile(f"{_POP_ISOLATE}([/.:=_-]*)[{_LEFT_TO_RIGHT_ISOLATE}{_FIRST_STRONG_ISOLATE}]")
"""Between two isolates that are one thing, as `{url}/docs` is: apart, they would change places."""

_NO_JSON_CODE = "body_no_json"
_NO_JSON = Words("it is no JSON: {problem}", "ليس JSON سليمًا: {problem}")

UNEXPECTED = Words(
    "Something unexpected went wrong ({kind}). The log is {log}; please run `aislecast support-bundle` and send us the file it makes.",
    "حدث خطأ غير متوقع ({kind}). السجل في {log}؛ نرجو تشغيل `aislecast support-bundle` وإرسال الملف الناتج إلينا.",
)
INTERRUPTED = Words("Stopped.", "تم الإيقاف.")
NO_SPACE = Words(
    "The disk is full{where}. Nothing was damaged; free some space and run the command again.",
    "القرص ممتلئ{where}. لم يتلف شيء؛ أفرغ بعض المساحة ثم أعد تشغيل الأمر.",
)
NO_ACCESS = Words(
    "No permission for {path}. Give this account access to it, or choose another folder with `--data`.",
    "لا توجد صلاحية للوصول إلى {path}. امنح هذا الحساب الصلاحية، أو اختر مجلدًا آخر بالخيار `--data`.",
)
NOT_THERE = Words("{path} does not exist. Check the name.", "الملف أو المجلد {path} غير موجود. تحقق من الاسم.")
PORT_IN_USE = Words(
    "Port {port} on {host} is in use by another program. Stop it, or choose another with `--port`.",
    "المنفذ {port} على {host} يستخدمه برنامج آخر. أوقفه، أو اختر منفذًا آخر بالخيار `--port`.",
)
SOME_PORT_IN_USE = Words(
    "A port that this command needs is in use by another program. Stop it, or choose another with `--port`.",
    "أحد المنافذ التي يحتاجها هذا الأمر يستخدمه برنامج آخر. أوقفه، أو اختر منفذًا آخر بالخيار `--port`.",
)
NO_DATABASE = Words("The database is in the way: {why}.", "قاعدة البيانات تعوق التشغيل: {why}.")
MISSING_PART = Words(
    "The Python package {package} is not installed. Install the server's parts with `pip install 'aislecast[server]'`.",
    "حزمة بايثون {package} غير مثبتة. ثبّت أجزاء الخادم بالأمر `pip install 'aislecast[server]'`.",
)


@dataclass(frozen=True, slots=True)
class Voice:
    """Says sentences in one language."""

    language: str
    """`ar` or `en`."""

    @property
    def right_to_left(self) -> bool:
        return self.language == "ar"

    def say(self, words: Words, **values: object) -> str:
        """The sentence with `values` filled in; in Arabic every value and every Latin run stands in an isolate."""
        return _arabic(words.ar, values) if self.right_to_left else words.said("en", **values)

    def line(self, text: str) -> str:
        """`text` as a line of its own that runs in the language's direction even where it begins with a time or a name."""
        return f"{_RIGHT_TO_LEFT_MARK}{text}" if self.right_to_left else text

    def column(self, text: str) -> str:
        """`text` as the cell of a table whose line begins with something else: it runs in the language's direction by itself."""
        return f"{_RIGHT_TO_LEFT_ISOLATE}{text}{_POP_ISOLATE}" if self.right_to_left else text

    def isolate(self, text: str) -> str:
        """`text` (a path, a name in any script) so that it keeps its own direction inside an Arabic line."""
        return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}" if self.right_to_left else text


def _arabic(template: str, values: Mapping[str, object]) -> str:
    parts = []
    for literal, name, spec, _ in Formatter().parse(template):
        parts.append(_LATIN.sub(lambda run: f"{_LEFT_TO_RIGHT_ISOLATE}{run[0]}{_POP_ISOLATE}", literal))
        if name is not None:
            parts.append(_filled_in(values[name], spec or ""))
    return _SEAM.sub(r"\1", "".join(parts))


def _filled_in(value: object, spec: str) -> str:
    """A value in an isolate of its own; a phrase in both languages as Arabic, its Latin runs in isolates."""
    if isinstance(value, Words):
        return _LATIN.sub(lambda run: f"{_LEFT_TO_RIGHT_ISOLATE}{run[0]}{_POP_ISOLATE}", value.ar)
    if is_counted(spec):
        number, noun = counted(value, spec)
        return f"{_FIRST_STRONG_ISOLATE}{number}{_POP_ISOLATE} {noun}" if number else noun
    return f"{_FIRST_STRONG_ISOLATE}{format(value, spec)}{_POP_ISOLATE}"


def clause(sentence: Words) -> Words:
    """The sentence as a part of another: without its full stop."""
    return Words(sentence.en.rstrip("."), sentence.ar.rstrip("."))


def clause_of_file(refusal: Refusal) -> Words:
    """Why a file is refused that was read as the body of a request is; there is no body to speak of."""
    if refusal.reason.code != _NO_JSON_CODE:
        return clause(refusal.words)
    return Words(_NO_JSON.said("en", **refusal.values), _NO_JSON.said("ar", **refusal.values))


def language_of(argv: Sequence[str], environment: Mapping[str, str]) -> str:
    """The language asked for by `--lang`, else AISLECAST_LANG, LC_ALL, LC_MESSAGES, LANG in this order: `ar` where it begins so, else `en`.

    Read before the command line is parsed, so that help and its errors come in that language too; a wrong value is refused later.
    """
    for at, word in enumerate(argv):
        if word == "--":
            break
        if word == "--lang" and at + 1 < len(argv):
            return _nearest(argv[at + 1])
        if word.startswith("--lang="):
            return _nearest(word.removeprefix("--lang="))
    names = (LANGUAGE, "LC_ALL", "LC_MESSAGES", "LANG")
    return _nearest(next((environment[name] for name in names if environment.get(name)), "en"))


def _nearest(locale: str) -> str:
    return "ar" if re.match(r"ar(?![a-z])", locale.lower()) else "en"
