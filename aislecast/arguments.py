"""argparse that speaks both languages: headings, usage and errors, without touching argparse's own (global) catalogue.

argparse words its errors in English deep inside; `_ERRORS` recognises each by its form and says it again in the operator's language.
A test provokes every one of them, so a Python that words them differently is noticed.
"""

import argparse
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from aislecast.exits import BAD_INPUT
from aislecast.words import Voice
from groundwork.plumbing.reasons import Words

_USAGE = Words("usage:", "الاستعمال:")
_ARGUMENTS = Words("arguments", "المعطيات")
_COMMANDS = Words("commands", "الأوامر")
_OPTIONS = Words("options", "الخيارات")
_HELP = Words("show this help and exit", "اعرض هذه المساعدة واخرج")
_LANG = Words("language of the output: Arabic or English", "لغة المخرجات: العربية أو الإنجليزية")
_SEE_HELP = Words("{problem}\nSee {help}.", "{problem}\nانظر {help}.")
_OTHER = Words("{problem}", "سطر الأوامر غير صحيح: {problem}")

_ERRORS: tuple[tuple[str, Words], ...] = (
    (
        r"argument (?P<name>\S.*?): invalid choice: (?P<got>.*) \(choose from (?P<known>.*)\)",
        Words("{name}: {got} is not known; choose from {known}.", "{name}: القيمة {got} غير معروفة؛ اختر من {known}."),
    ),
    (r"argument (?P<name>\S.*?): expected (?:one|1) argument", Words("{name} needs a value.", "{name} يحتاج إلى قيمة.")),
    (
        r"argument (?P<name>\S.*?): expected at least one argument",
        Words("{name} needs at least one value.", "{name} يحتاج إلى قيمة واحدة على الأقل."),
    ),
    (
        r"argument (?P<name>\S.*?): not allowed with argument (?P<other>.*)",
        Words("{name} cannot be combined with {other}.", "لا يمكن الجمع بين {name} و{other}."),
    ),
    (
        r"argument (?P<name>\S.*?): ignored explicit argument (?P<got>.*)",
        Words("{name} takes no value, got {got}.", "{name} لا يأخذ قيمة، وقد أُعطي {got}."),
    ),
    (
        r"ambiguous option: (?P<got>.*?) could match (?P<known>.*)",
        Words("{got} may mean {known}; write it in full.", "{got} قد يعني {known}؛ اكتبه كاملًا."),
    ),
    (
        r"the following arguments are required: (?P<known>.*)",
        Words("Something is missing: {known}.", "هناك ما ينقص: {known}."),
    ),
    (
        r"one of the arguments (?P<known>.*) is required",
        Words("One of {known} is needed.", "يلزم واحد من {known}."),
    ),
    (r"unrecognized arguments: (?P<got>.*)", Words("Not understood: {got}.", "غير مفهوم: {got}.")),
    (r"argument (?P<name>\S.*?): (?P<got>.*)", Words("{name}: {got}", "{name}: {got}")),
)


class _Formatter(argparse.HelpFormatter):
    """argparse's own layout under a usage heading in the operator's language."""

    voice = Voice("en")

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        if prefix is None:  # a line of its own, because a line that begins in Arabic turns the Latin usage around
            self.add_text(self.voice.say(_USAGE))
        super().add_usage(usage, actions, groups, prefix or "")


class _ArabicFormatter(_Formatter):
    """Beside an option, which is Latin and comes first on its line, each line of Arabic runs from the right by itself."""

    voice = Voice("ar")

    def _split_lines(self, text: str, width: int) -> list[str]:
        return [self.voice.column(line) for line in super()._split_lines(text, width)]


class Parser(argparse.ArgumentParser):
    """The parser of one command: arguments and options in groups with headings in its language, `--help` and `--lang` among them."""

    def __init__(self, voice: Voice, *, prog: str, about: str, **settings: Any) -> None:
        formatter = _ArabicFormatter if voice.right_to_left else _Formatter
        super().__init__(prog=prog, description=about, add_help=False, allow_abbrev=False, formatter_class=formatter, **settings)
        self.voice = voice
        self.arguments = self.add_argument_group(voice.say(_ARGUMENTS))
        self.options = self.add_argument_group(voice.say(_OPTIONS))
        self.options.add_argument("-h", "--help", action="help", help=voice.say(_HELP))
        self.options.add_argument("--lang", choices=("ar", "en"), default=argparse.SUPPRESS, help=voice.say(_LANG))

    def argument(self, name: str, about: Words, **settings: Any) -> None:
        """Adds an argument or option to its group; `settings` are argparse's own."""
        group = self.options if name.startswith("-") else self.arguments
        group.add_argument(name, help=self.voice.say(about), **settings)

    def flag(self, name: str, about: Words) -> None:
        """Adds an option that takes no value."""
        self.argument(name, about, action="store_true")

    def commands(self, choice: str, summaries: Mapping[str, Words]) -> "dict[str, Parser]":
        """A parser for each sub-command; the namespace's `choice` says which was typed."""
        title = self.voice.say(_COMMANDS)
        places = self.add_subparsers(title=title, dest=choice, metavar="COMMAND", required=True, parser_class=Parser)
        said = {name: self.voice.say(words) for name, words in summaries.items()}
        return {name: places.add_parser(name, voice=self.voice, about=about, help=about) for name, about in said.items()}

    def error(self, message: str) -> NoReturn:
        """Ends the program with the sentence for `message` and exit code 2."""
        sentence = self.voice.say(_SEE_HELP, problem=said_again(message, self.voice), help=f"`{self.prog} --help`")
        self.exit(BAD_INPUT, f"{sentence}\n")


def said_again(message: str, voice: Voice) -> str:
    """argparse's error `message` in the voice's language; one we do not know is quoted as it is."""
    for form, words in _ERRORS:
        match = re.fullmatch(form, message, re.DOTALL)
        if match:
            return voice.say(words, **match.groupdict())
    return voice.say(_OTHER, problem=message)


def whole_number(voice: Voice, least: int, most: int) -> "_Number":
    """An argparse type: a whole number from `least` to `most`."""
    return _Number(voice, least, most, whole=True)


def number(voice: Voice, least: float, most: float) -> "_Number":
    """An argparse type: a number from `least` to `most`."""
    return _Number(voice, least, most, whole=False)


class _Number:
    words = Words("expected a number from {least} to {most}, got {got}.", "المتوقع عدد من {least} إلى {most}، والمعطى {got}.")
    whole_words = Words(
        "expected a whole number from {least} to {most}, got {got}.", "المتوقع عدد صحيح من {least} إلى {most}، والمعطى {got}."
    )

    def __init__(self, voice: Voice, least: float, most: float, *, whole: bool) -> None:
        self._voice, self._least, self._most, self._whole = voice, least, most, whole

    def __call__(self, text: str) -> float:
        try:
            value: float = int(text) if self._whole else float(text)
        except ValueError:
            value = float("nan")
        if not self._least <= value <= self._most:
            words = self.whole_words if self._whole else self.words
            raise argparse.ArgumentTypeError(self._voice.say(words, least=self._least, most=self._most, got=repr(text)))
        return value
