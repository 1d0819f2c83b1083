"""`aislecast up`: what it is asked for, and everything it refuses before the server starts."""

import argparse
import socket
from pathlib import Path

import pytest

from aislecast import exits
from aislecast.cli import build_parser, main
from aislecast.commands import up
from aislecast.exits import Stop
from aislecast.folder import Folder
from aislecast.settings import UpOptions
from aislecast.words import Voice


def _args(*typed: str) -> argparse.Namespace:
    return build_parser(Voice("en")).parse_args(["up", *typed])


def _options(*typed: str) -> UpOptions:
    return up.options_of(_args(*typed), Voice("en"))


def test_without_options_it_serves_this_machine_alone(tmp_path: Path) -> None:
    assert _options() == UpOptions(
        demo=False,
        port=8000,
        host="127.0.0.1",
        data=tmp_path / "home",
        tls="off",
        insecure=False,
        language="en",
        plain=True,
        database=None,
        clock="system",
    )


def test_options_say_otherwise(tmp_path: Path) -> None:
    typed = ["--demo", "--port", "9000", "--data", str(tmp_path), "--tls", "self", "--database", "postgresql://h/d", "--clock", "1@2x60"]
    options = _options(*typed)
    assert (options.demo, options.port, options.data, options.tls) == (True, 9000, tmp_path, "self")
    assert (options.database, options.clock) == ("postgresql://h/d", "1@2x60")
    assert not _options("--demo", "--no-demo").demo


def test_a_database_of_another_kind_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--database", "mysql://host/d"]) == exits.BAD_INPUT
    assert "starts with `sqlite:///` or `postgresql://`" in capsys.readouterr().err


def test_the_environment_stands_behind_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLECAST_DATABASE", "postgresql://host/aislecast")
    monkeypatch.setenv("AISLECAST_CLOCK", "1@2x3")
    assert (_options().database, _options().clock) == ("postgresql://host/aislecast", "1@2x3")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_plain_http_is_fine_where_nobody_else_listens(host: str) -> None:
    assert _options("--host", host).tls == "off"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.5", "shop.example"])
def test_plain_http_off_the_loopback_must_be_asked_for(host: str) -> None:
    with pytest.raises(Stop, match="without TLS") as caught:
        _options("--host", host)
    assert caught.value.code == exits.BAD_INPUT
    assert _options("--host", host, "--insecure").insecure
    assert _options("--host", host, "--tls", "self").tls == "self"


@pytest.mark.parametrize("tls", ["on", "", "cert.pem", "a,b,c", ",key.pem"])
def test_another_word_for_tls_is_refused(tls: str) -> None:
    with pytest.raises(Stop, match="takes `off`, `self` or two files"):
        _options("--tls", tls)


def test_tls_files_are_looked_for_at_once(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("certificate")
    both = f"{tmp_path}/cert.pem,{tmp_path}/key.pem"
    with pytest.raises(Stop, match=r"key\.pem does not exist"):
        _options("--tls", both)
    (tmp_path / "key.pem").write_text("key")
    assert _options("--tls", both).tls == both


@pytest.mark.parametrize("clock", ["noon", "1@2", "1@2x0", "a@bxc"])
def test_a_clock_that_cannot_be_made_is_refused(clock: str) -> None:
    with pytest.raises(Stop, match="START_MS@WALL_MSxSPEED") as caught:
        _options("--clock", clock)
    assert caught.value.code == exits.BAD_INPUT


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Port {port} on 127.0.0.1 is in use by another program. Stop it, or choose another with `--port`.\n"),
        ("ar", "المنفذ {port} على 127.0.0.1 يستخدمه برنامج آخر. أوقفه، أو اختر منفذًا آخر بالخيار `--port`.\n"),
    ],
)
def test_a_port_in_use_is_one_sentence_and_nothing_is_left_behind(
    tmp_path: Path, language: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["--lang", language, "up", "--port", str(port), "--data", str(tmp_path / "new")]) == exits.ENVIRONMENT
    said = capsys.readouterr().err
    assert said.translate(dict.fromkeys(map(ord, "\u2066\u2068\u2069"))) == sentence.format(port=port)
    assert not (tmp_path / "new" / "aislecast.db").exists()


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(Stop, match=r"192\.0\.2\.1 is not an address of this machine"):
        up.check_port("192.0.2.1", 8000)


def test_a_free_port_is_still_free_after_the_check() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    up.check_port("127.0.0.1", port)
    up.check_port("127.0.0.1", port)


def test_a_folder_in_use_is_one_sentence(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    with folder.locked():
        assert main(["up", "--data", str(folder.root)]) == exits.ENVIRONMENT
    assert "is in use by another Aislecast" in capsys.readouterr().err


def test_a_file_for_a_folder_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["up", "--data", str(tmp_path / "file")]) == exits.ENVIRONMENT
    assert capsys.readouterr().err == f"{tmp_path / 'file'} is a file, not a folder. Choose another data folder with `--data`.\n"
