"""Rules of the command line: both languages, exit codes, and sentences that name file, key, value and expectation."""

import io
import json
import re
import string
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from beacon_gateway import reasons, words
from beacon_gateway.cli import language_of, main
from beacon_gateway.keys import public_half, read_key, write_key
from beacon_gateway.settings import GatewaySettings
from beacon_gateway.sources import SOURCES
from groundwork.plumbing.reasons import Words
from tests.beacon_gateway.backend import KEY, PUBLIC
from tests.beacon_gateway.build import UUID
from tests.data import PROJECT


def decoded(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *lines: str) -> tuple[int, list[dict[str, object]], str]:
    """Runs `decode` on lines; the exit code, the lines out, and what went to standard error."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\n".join(lines).encode())))
    out = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(out))
    code = main(["decode", "--lang", "en"])
    return code, [json.loads(line) for line in out.getvalue().splitlines()], capsys.readouterr().err


def test_decode_says_what_frames_say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    power = "4c000215426c7565436861726d426561636f6e730efe1355c5"
    token = {"input": "ffffa1" + "11" * 16, "input_kind": "manufacturer_data", "options": {"token_company": 65535, "bind_key": "x"}}
    code, said, _ = decoded(
        monkeypatch,
        capsys,
        json.dumps({"id": 1, "input": power, "input_kind": "manufacturer_data"}),
        json.dumps({"id": "b", "input": "1aff" + power}),
        json.dumps({"id": None, "input": power[4:], "input_kind": "manufacturer_data_without_company_004c"}),
        json.dumps({"id": 4, "input": "00e3" + "12" * 16, "input_kind": "service_data_feaa"}),
        json.dumps({"id": 5, **token}),
        json.dumps({"id": 6, "input": "zz", "input_kind": "ad_structures"}),
        json.dumps({"id": 7, "input": "00", "input_kind": "identity_key"}),
    )
    assert code == 0
    ibeacon = {"format": "ibeacon", "uuid": UUID, "major": 3838, "minor": 4949, "power": -59}
    assert [line["id"] for line in said] == [1, "b", None, 4, 5, 6, 7]
    assert [line["frames"] for line in said[:3]] == [[ibeacon]] * 3
    assert said[3]["frames"] == [{"format": "eddystone_uid", "power_0m": -29, "namespace": "12" * 10, "instance": "12" * 6}]
    assert said[4]["frames"] == [{"format": "shopper_token", "token": "11" * 16, "carrier": "company", "power_1m_dbm": None}]
    assert [line["frames"] for line in said[5:]] == [[], []]


def test_decode_names_the_line_that_is_none_and_reads_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, said, told = decoded(monkeypatch, capsys, '{"id": 1, "input": ""}', '{"id": 2}', '{"id": 3, "input": ""}')
    assert (code, said) == (2, [{"id": number, "frames": []} for number in (1, 2, 3)])
    assert "Line 2: " in told
    assert "`input`" in told


def test_keygen_writes_a_key_only_its_owner_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "key.pem"
    assert main(["keygen", str(path), "--lang", "en"]) == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert capsys.readouterr().out == f"public key: {public_half(read_key(path))}\n"


def test_keygen_never_writes_over_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "key.pem"
    write_key(path, KEY)
    assert main(["keygen", str(path), "--lang", "ar"]) == 2
    assert "موجود من قبل" in capsys.readouterr().err
    assert public_half(read_key(path)) == PUBLIC.hex()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: int) -> None:
    write_key(tmp_path / "gateway.pem", KEY)
    (tmp_path / "gateway.pem").chmod(mode)
    config = tmp_path / "g.toml"
    config.write_text(f'[gateway]\nkey_file = "{tmp_path}/gateway.pem"')
    assert main(["run", "--config", str(config), "--lang", "en"]) == 2
    assert f"gateway.pem has mode 0{mode:o}; expected 0600" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    path = tmp_path / "gateway.pem"
    path.touch(0o600)
    path.write_text(content)
    (tmp_path / "g.toml").write_text(f'[gateway]\nkey_file = "{path}"')
    assert main(["run", "--config", str(tmp_path / "g.toml"), "--lang", "en"]) == 2
    assert "holds no Ed25519 private key" in capsys.readouterr().err


BAD = {
    'server = "ftp://x"': ("server", "ftp://x"),
    "window_ms = 50": ("window_ms", "50"),
    'allow_ibeacon = ["123"]': ("allow_ibeacon", "123"),
    'allow_addresses = ["a4:c1"]': ("allow_addresses", "a4:c1"),
    "allow_companies = [76]": ("allow_companies", "0x004C"),
    'bthome_keys = {"a4:c1" = "00112233445566778899aabbccddeeff"}': ("bthome_keys", "a4:c1", "A4:C1:38:8D:18:B2"),
    'bthome_keys = {"a4c1388d18b2" = "00"}': ("bthome_keys", "00"),
    'strangers = "keep"': ("strangers", "count", "drop"),
    "token_marker = [1]": ("token_marker", "[1]"),
    'source = "radio"': ("source", "bleak"),
    'source = "jsonl"': ("source_file", "jsonl"),
    'clock = "noon"': ("noon", "START_MS@WALL_MSxSPEED"),
    "windowms = 500": ("windowms", "window_ms"),
    "not toml": ("g.toml", "cannot be read"),
}


@pytest.mark.parametrize("line", BAD)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_bad_setting_is_named_with_its_value_and_what_was_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, language: str
) -> None:
    config = tmp_path / "g.toml"
    config.write_text(f"[gateway]\n{line}")
    assert main(["run", "--config", str(config), "--lang", language]) == 2
    told = capsys.readouterr().err
    assert all(part in told for part in BAD[line] if language == "en" or (part.isascii() and part != "cannot be read")), told
    assert told.count("\n") == 1


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    write_key(tmp_path / "gateway.pem", KEY)
    (tmp_path / "g.toml").write_text('[gateway]\nsource = "jsonl"\nsource_file = "walk.jsonl"')
    # a process of its own, because it sets up logging
    command = [sys.executable, "-m", "beacon_gateway.cli", "run", "--config", "g.toml", "--lang", "en"]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(PROJECT)}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "The source walk.jsonl cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("typed", "environ", "language"),
    [
        (["--lang", "ar"], {"LANG": "en_US.UTF-8"}, "ar"),
        (["run", "--lang=en"], {"LANG": "ar_SA.UTF-8"}, "en"),
        ([], {"LANG": "ar_SA.UTF-8"}, "ar"),
        ([], {"LC_ALL": "C", "LANG": "ar_SA.UTF-8"}, "en"),
        ([], {}, "en"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_locale_s(typed: list[str], environ: dict[str, str], language: str) -> None:
    assert language_of(typed, environ) == language


def test_every_sentence_stands_in_both_languages_with_the_same_names() -> None:
    sentences = [value for value in vars(words).values() if isinstance(value, Words)] + [reason.words for reason in reasons.REASONS]
    assert len(sentences) > 30
    for sentence in sentences:
        names = [{field for _, field, _, _ in string.Formatter().parse(text) if field} for text in sentence]
        assert names[0] == names[1], sentence
        assert any("\u0600" <= letter <= "\u06ff" for letter in sentence.ar), sentence


def test_every_source_can_be_chosen() -> None:
    assert set(get_args(get_type_hints(GatewaySettings)["source"])) == set(SOURCES)


def test_reason_codes_are_told_apart() -> None:
    codes = [reason.code for reason in reasons.REASONS]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("language", ["en", "ar"])
def test_check_names_what_does_not_work_and_says_so_in_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
    (tmp_path / "g.toml").write_text(f'[gateway]\nkey_file = "{tmp_path}/none.pem"\nspool_file = "{tmp_path}/spool"')
    assert main(["check", "--config", str(tmp_path / "g.toml"), "--lang", language]) == 1
    told = capsys.readouterr().out.splitlines()
    ill = words.ILL.said(language)
    assert sum(line.startswith(f"[{ill}] ") for line in told) == 3
    assert told[-1] == words.NOT_WELL.said(language, count=3)


def test_survey_says_why_it_can_show_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
    (tmp_path / "g.toml").write_text("[gateway]")
    assert main(["survey", "--config", str(tmp_path / "g.toml"), "--lang", "en", "--seconds", "1"]) == 3
    assert "does not scan" in capsys.readouterr().err


COMMANDS = ("run", "enrol", "check", "survey", "rotate", "resend", "decode", "keygen")


@pytest.mark.parametrize("typed", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_a_help_page_is_whole_in_arabic(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Headings and all: argparse has them in English."""
    with pytest.raises(SystemExit) as ended:
        main([*typed, "--lang", "ar"] if typed[0] != "--help" else ["--lang", "ar", "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "الخيارات" in told
    said = re.sub(r"الاستعمال:\n\n.*?\n\n", "", told, flags=re.DOTALL)
    assert not re.search(r"[a-z]{2,} [a-z]{2,}", re.sub(r"`[^`]*`", "", said)), told


@pytest.mark.parametrize(
    ("typed", "arabic"),
    [
        (["foo"], "COMMAND: القيمة 'foo' غير معروفة؛"),
        (["check"], "هناك ما ينقص: --config."),
        (["survey", "--config", "x", "--seconds", "y"], "--seconds: المتوقع عدد، والمعطى 'y'."),
        (["check", "--config"], "--config يحتاج إلى قيمة."),
        (["keygen", "a", "b"], "غير مفهوم: b."),
    ],
)
def test_what_was_typed_wrong_is_said_in_arabic(typed: list[str], arabic: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--lang", "ar", *typed])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(arabic)
