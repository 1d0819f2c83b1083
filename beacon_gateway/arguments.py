"""argparse that speaks both languages: headings, usage and errors; `plumbing/command_line.py` has the words."""

import argparse
from collections.abc import Iterable
from typing import Any, ClassVar, Final, NoReturn

from beacon_gateway.exits import BAD_INPUT
from groundwork.plumbing.command_line import ARGUMENTS, HELP, OPTIONS, SEE_HELP, USAGE, recognised


class _Formatter(argparse.HelpFormatter):
    """argparse's own layout under a usage heading on a line of its own: one that begins in Arabic would turn the Latin usage around."""

    language = "en"

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        if prefix is None:
            self.add_text(USAGE.said(self.language))
        super().add_usage(usage, actions, groups, prefix or "")


class _ArabicFormatter(_Formatter):
    language = "ar"


class Parser(argparse.ArgumentParser):
    """The parser of the program or of one of its commands, in English."""

    formatter: ClassVar[type[_Formatter]] = _Formatter

    def __init__(self, *, add_help: bool = True, **settings: Any) -> None:
        """Without `add_help` it is a parent of others: its options join theirs, which goes by the title that argparse gave."""
        super().__init__(add_help=False, formatter_class=self.formatter, **settings)
        language = self.formatter.language
        if add_help:
            self._positionals.title, self._optionals.title = ARGUMENTS.said(language), OPTIONS.said(language)
            self.add_argument("-h", "--help", action="help", help=HELP.said(language))

    def error(self, message: str) -> NoReturn:
        """Ends the program with the sentence for `message` and exit code 2."""
        words, values = recognised(message)
        language = self.formatter.language
        problem = words.said(language, **values)
        self.exit(BAD_INPUT, f"{SEE_HELP.said(language, problem=problem, help=f'`{self.prog} --help`')}\n")


class ArabicParser(Parser):
    """The same in Arabic."""

    formatter = _ArabicFormatter


PARSERS: Final[dict[str, type[Parser]]] = {"ar": ArabicParser, "en": Parser}
