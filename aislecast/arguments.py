"""argparse that speaks both languages: headings, usage and errors, without touching argparse's own (global) catalogue.

What it says of itself, in both languages, stands in `groundwork/plumbing/command_line.py`, which the gateway's commands need, too.
"""

import argparse
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from aislecast.exits import BAD_INPUT
from aislecast.words import Voice
from groundwork.plumbing.command_line import ARGUMENTS, COMMANDS, HELP, OPTIONS, SEE_HELP, USAGE, recognised
from groundwork.plumbing.reasons import Words

_LANG = Words("language of the output: Arabic or English", "لغة المخرجات: العربية أو الإنجليزية")


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
            self.add_text(self.voice.say(USAGE))
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
        self.arguments = self.add_argument_group(voice.say(ARGUMENTS))
        self.options = self.add_argument_group(voice.say(OPTIONS))
        self.options.add_argument("-h", "--help", action="help", help=voice.say(HELP))
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
        title = self.voice.say(COMMANDS)
        places = self.add_subparsers(title=title, dest=choice, metavar="COMMAND", required=True, parser_class=Parser)
        said = {name: self.voice.say(words) for name, words in summaries.items()}
        return {name: places.add_parser(name, voice=self.voice, about=about, help=about) for name, about in said.items()}

    def error(self, message: str) -> NoReturn:
        """Ends the program with the sentence for `message` and exit code 2."""
        sentence = self.voice.say(SEE_HELP, problem=said_again(message, self.voice), help=f"`{self.prog} --help`")
        self.exit(BAD_INPUT, f"{sentence}\n")


def said_again(message: str, voice: Voice) -> str:
    """argparse's error `message` in the voice's language; one we do not know is quoted as it is."""
    words, values = recognised(message)
    return voice.say(words, **values)


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
