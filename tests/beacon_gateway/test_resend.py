"""After a backend was restored from a backup, what it may have lost waits to be sent again; beside a running gateway nothing is touched."""

from pathlib import Path

import pytest

from beacon_gateway.cli import main
from groundwork.plumbing.clock import SystemClock
from tests.beacon_gateway.build import fill, spool


def settings(folder: Path) -> str:
    path = folder / "gateway.toml"
    path.write_text(f'[gateway]\nspool_file = "{folder / "s"}"\n')
    return str(path)


def test_what_was_acknowledged_lately_waits_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened = spool(tmp_path / "s", now=SystemClock())
    fill(opened, 3)
    opened.acknowledge(opened.boot, 1, 2)
    opened.close()
    assert main(["resend", "--config", settings(tmp_path), "--lang", "en"]) == 0
    assert "6 sightings wait to be sent again" in capsys.readouterr().out
    again = spool(tmp_path / "s", seed=2, now=SystemClock())
    assert again.held.batches == 3
    again.close()


@pytest.mark.parametrize(("lang", "sentence"), [("en", "is in use by another process"), ("ar", "تستخدمه عملية أخرى")])
def test_beside_a_running_gateway_nothing_is_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str, sentence: str) -> None:
    opened = spool(tmp_path / "s")
    fill(opened, 1)
    assert main(["resend", "--config", settings(tmp_path), "--lang", lang]) == 3
    assert sentence in capsys.readouterr().err
    opened.close()
