"""`aislecast feed try`: shows what would be kept and why the rest would not, and nothing of strangers."""

import io
from pathlib import Path

import pytest

from aislecast import exits
from aislecast.cli import main
from tests.geofence.feeds import payloads as real

UUID = "1DE4B189-115E-45F6-B44E-509352269977"


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """As `mosquitto_sub -v` prints them."""
    path = tmp_path / "lines"
    said = (
        (real.ESPRESENSE_TOPIC, real.ESPRESENSE_IBEACON),
        ("espresense/devices/apple:1005:9-26/kitchen", real.ESPRESENSE_APPLE),
        (real.ESPRESENSE_ROOM_TOPIC, real.ESPRESENSE_ROOM),
        (real.ESPRESENSE_TOPIC, b"{"),
    )
    path.write_bytes(b"\n".join(topic.encode() + b" " + payload for topic, payload in said) + b"\n\n")
    return path


def test_what_would_be_kept_is_shown_and_the_rest_is_counted_by_reason(lines: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feed", "try", "espresense", str(lines), "--allow-ibeacon", UUID]) == exits.OK
    told = capsys.readouterr().out
    assert "kept: kitchen heard ibeacon:1de4b189115e45f6b44e509352269977:1:2 at -84 dBm" in told
    assert "refused as stranger (1)" in told
    assert "the payload is no JSON" in told
    assert "payloads: 4, adverts kept: 1, refused: 3" in told
    assert "6a60821a2b3c" not in told
    assert "apple:" not in told


def test_nobody_passes_where_nobody_is_allowed_and_the_exit_code_says_so(lines: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "ar", "feed", "try", "espresense", str(lines)]) == exits.FAILED
    assert "لا تسمّي أي قاعدة سماح هذا الجهاز" in capsys.readouterr().out


def test_a_box_or_an_address_can_be_named(lines: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feed", "try", "espresense", str(lines), "--allow-address", "6A:60:82:1A:2B:3C"]) == exits.OK
    assert "address:6a60821a2b3c" in capsys.readouterr().out
    assert main(["feed", "try", "espresense", str(lines), "--allow-ibeacon", UUID, "--box", "attic"]) == exits.FAILED
    assert "feed_unknown_box" in capsys.readouterr().out


def test_binary_payloads_are_read_in_hex_and_from_a_pipe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"/gw/ac233fc02f87/status " + real.MINEW_BINARY.hex().encode())))
    assert main(["feed", "try", "minew", "--allow-ibeacon", "fda50693a4e24fb1afcfc6eb07647825"]) == exits.OK
    assert "ac233fc02f87 heard ibeacon:fda50693a4e24fb1afcfc6eb07647825:10001:19641 at -44 dBm" in capsys.readouterr().out


def test_an_unknown_kind_and_a_missing_file_are_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feed", "try", "cassia", str(tmp_path)]) == exits.BAD_INPUT
    assert main(["feed", "try", "minew", str(tmp_path / "none")]) == exits.BAD_INPUT
    assert "none" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [("--allow-ibeacon", "00112233"), ("--allow-ibeacon", "g" * 32), ("--allow-address", "zz"), ("--allow-address", "")],
)
def test_what_no_beacon_can_be_known_by_is_bad_input(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feed", "try", "minew", option, value]) == exits.BAD_INPUT
    assert "hex digits" in capsys.readouterr().err
