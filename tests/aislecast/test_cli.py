"""The command line as a whole: help, languages, errors and exit codes."""

import argparse
import errno
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from aislecast import cli, exits
from aislecast.arguments import Parser, said_again
from aislecast.cli import build_parser, main
from aislecast.commands import COMMANDS
from aislecast.endings import ending_of
from aislecast.exits import Stop
from aislecast.folder import Folder
from aislecast.words import Voice
from groundwork.plumbing.db import DatabaseTrouble
from groundwork.plumbing.reasons import Reason, Refusal, Words

ARABIC = re.compile(r"[\u0621-\u064a]")
LINES = [
    *([name] for name in COMMANDS),
    ["twin", "run"],
    ["till", "redeem"],
    ["till", "rollback"],
    ["till", "buy"],
    ["db", "upgrade"],
    ["db", "check"],
    ["consent", "verify"],
]


def _parsers(parser: Parser) -> Iterator[Parser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _parsers(below)


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("line", [[], *LINES], ids=" ".join)
def test_every_command_explains_itself_in_both_languages(line: list[str], language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*line, "--help", "--lang", language]) == exits.OK
    said = capsys.readouterr()
    assert said.err == ""
    assert ("الاستعمال" in said.out) is (language == "ar")
    assert ("usage:" in said.out) is (language == "en")


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_option_says_what_it_is_for(language: str) -> None:
    for parser in _parsers(build_parser(Voice(language))):
        for action in parser._actions:
            if not isinstance(action, argparse._SubParsersAction):
                assert action.help, f"{parser.prog} {action.option_strings or action.dest}"
                assert bool(ARABIC.search(action.help)) is (language == "ar"), action.help


def test_the_language_comes_from_the_locale_unless_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LANG", "ar_SA.UTF-8")
    assert main(["--help"]) == exits.OK
    assert "الاستعمال" in capsys.readouterr().out
    assert main(["--help", "--lang=en"]) == exits.OK
    assert "usage:" in capsys.readouterr().out


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == exits.OK
    assert re.fullmatch(r"aislecast \S+\n", capsys.readouterr().out)


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize(
    "line",
    [
        [],
        ["fly"],
        ["up", "--prot", "9000"],
        ["up", "--port"],
        ["up", "--port", "70000"],
        ["up", "--port", "http"],
        ["up", "--plain=yes"],
        ["replay"],
        ["replay", "somewhere", "--window-ms", "50"],
        ["twin"],
        ["twin", "run", "--minutes", "0"],
        ["till", "rollback", "R1"],
        ["db", "downgrade"],
        ["doctor", "--lang", "fr"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_exit_code_2_and_says_where_help_is(
    line: list[str], language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = line if "--lang" in line else ["--lang", language, *line]
    assert main(typed) == exits.BAD_INPUT
    said = capsys.readouterr()
    assert said.out == ""
    assert "--help" in said.err
    assert "argument" not in said.err
    if "--lang" not in line:
        assert bool(ARABIC.search(said.err)) is (language == "ar")


def test_a_wrong_value_is_named_with_what_was_expected(capsys: pytest.CaptureFixture[str]) -> None:
    main(["up", "--port", "70000"])
    assert "--port: expected a whole number from 1 to 65535, got '70000'." in capsys.readouterr().err


def test_argparse_words_its_errors_as_we_know_them() -> None:
    """Each error is provoked in argparse itself: a Python that says it differently must not fall back to English unseen."""
    parser = argparse.ArgumentParser(exit_on_error=False, prog="p")
    parser.add_argument("--one", choices=["a"])
    parser.add_argument("--flag", action="store_true")
    parser.add_argument("--many", nargs="+")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--left", action="store_true")
    either.add_argument("--right", action="store_true")
    for line in (["--one", "b"], ["--one"], ["--flag=1"], ["--many"], ["--left", "--right"]):
        with pytest.raises(argparse.ArgumentError) as caught:
            parser.parse_args(line)
        said = said_again(str(caught.value), Voice("ar"))
        assert ARABIC.search(said), said
        assert "سطر الأوامر غير صحيح" not in said, said


def test_an_error_nobody_foresaw_is_one_sentence_and_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def run(args: argparse.Namespace, voice: Voice) -> int:
        raise RuntimeError("a wheel came off")

    broken = SimpleNamespace(SUMMARY=Words("break", "تعطّل"), add_arguments=lambda *_: None, run=run)
    monkeypatch.setattr(cli, "COMMANDS", {"break": broken})
    assert main(["break"]) == exits.FAILED
    said = capsys.readouterr().err
    log = tmp_path / "home" / "logs" / "aislecast.log"
    assert said.count("\n") == 1
    assert "Traceback" not in said
    assert str(log) in said
    assert "support-bundle" in said
    assert "a wheel came off" in json.loads(log.read_text())["stack"]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (Stop(Words("{thing} is not there", "{thing} غير موجود"), exits.BAD_INPUT, thing="x.csv"), 2, "x.csv is not there"),
        (Refusal(Reason("odd", Words("odd row", "سطر غريب")), at="row 17"), 2, "odd row (at row 17)"),
        (KeyboardInterrupt(), 130, "Stopped."),
        (OSError(errno.EADDRINUSE, "in use"), 3, "in use by another program"),
        (OSError(errno.ENOSPC, "full", "/disk/x"), 3, "The disk is full (/disk/x)"),
        (PermissionError(errno.EACCES, "no", "/shut/x"), 3, "No permission for /shut/x"),
        (ModuleNotFoundError("No module named 'rich'", name="rich"), 3, "pip install 'aislecast[server]'"),
        (DatabaseTrouble("no route to host"), 3, "no route to host"),
    ],
)
def test_each_kind_of_trouble_has_its_sentence_and_exit_code(error: BaseException, code: int, said: str) -> None:
    ending = ending_of(error, Voice("en"))
    assert ending is not None
    assert said in ending[0]
    assert ending[1] == code
    arabic = ending_of(error, Voice("ar"))
    assert arabic is not None
    assert ARABIC.search(arabic[0])
    assert arabic[1] == code


def test_a_module_of_our_own_that_is_missing_is_not_blamed_on_the_installation() -> None:
    assert ending_of(ModuleNotFoundError("gone", name="geofence.gone"), Voice("en")) is None


def test_a_command_that_stops_leaves_no_stack_trace(capsys: pytest.CaptureFixture[str], folder: Folder) -> None:
    with folder.locked():
        assert main(["restore", "nothing.tar"]) == exits.BAD_INPUT
    said = capsys.readouterr().err
    assert said == "nothing.tar does not exist. Check the name.\n"
