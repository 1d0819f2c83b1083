"""The doctor: each finding, and what it says to do."""

import json
import os
import re
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from aislecast import exits
from aislecast.cli import main
from aislecast.folder import Folder
from aislecast.upkeep import doctor, doctor_words
from aislecast.upkeep.doctor import Finding, Patient, examine
from aislecast.words import Voice
from groundwork.plumbing.clock import ManualClock, as_datetime

NOW_MS = 1_793_516_400_000


@pytest.fixture
def patient(folder: Folder) -> Patient:
    for path in (folder.database,):
        os.utime(path, (NOW_MS / 1000, NOW_MS / 1000))
    return Patient(folder, None, "127.0.0.1", _free_port(), ManualClock(NOW_MS))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _finding(patient: Patient, name: str) -> Finding:
    return next(finding for finding in examine(patient) if finding.name == name)


def _level(patient: Patient, name: str) -> str:
    return _finding(patient, name).level


def test_a_sound_installation_has_nothing_bad(patient: Patient) -> None:
    assert {finding.name: finding.level for finding in examine(patient) if finding.name != "bluetooth"} == dict.fromkeys(
        (name for name in doctor.CHECKS if name != "bluetooth"), "ok"
    )


def test_a_folder_that_is_not_there_yet_is_fine_and_is_not_made(tmp_path: Path) -> None:
    patient = Patient(Folder(tmp_path / "new"), None, "127.0.0.1", _free_port(), ManualClock(NOW_MS))
    assert "bad" not in {finding.level for finding in examine(patient)}
    assert not (tmp_path / "new").exists()


def _open_folder(patient: Patient) -> None:
    patient.folder.root.chmod(0o755)


def _file_for_folder(patient: Patient) -> None:
    patient.folder.root.rename(patient.folder.root.with_name("moved"))
    patient.folder.root.write_text("a file")


def _open_key(patient: Patient) -> None:
    patient.folder.key("codes", lambda: b"secret")
    (patient.folder.keys / "codes").chmod(0o644)


def _damage(patient: Patient) -> None:
    with patient.folder.database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)


def _no_wal(patient: Patient) -> None:
    with closing(sqlite3.connect(patient.folder.database)) as conn:
        conn.execute("PRAGMA journal_mode=DELETE")


def _schema(revision: str) -> Callable[[Patient], None]:
    def change(patient: Patient) -> None:
        with closing(sqlite3.connect(patient.folder.database, isolation_level=None)) as conn:
            conn.execute("UPDATE alembic_version SET version_num = ?", (revision,))

    return change


def _no_schema(patient: Patient) -> None:
    with closing(sqlite3.connect(patient.folder.database, isolation_level=None)) as conn:
        conn.execute("DROP TABLE alembic_version")


def _files_from_tomorrow(patient: Patient) -> None:
    os.utime(patient.folder.database, (NOW_MS / 1000 + 86_400, NOW_MS / 1000 + 86_400))


def _certificate(days: int) -> Callable[[Patient], None]:
    def make(patient: Patient) -> None:
        key = Ed25519PrivateKey.generate()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
        now = as_datetime(NOW_MS)
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=days))
        )
        path = patient.folder.tls / "server.pem"
        path.write_bytes(built.sign(key, None).public_bytes(Encoding.PEM))
        path.chmod(0o600)

    return make


@pytest.mark.parametrize(
    ("spoil", "name", "level", "advice"),
    [
        (_open_folder, "folder", "warn", "chmod 700"),
        (_file_for_folder, "folder", "bad", "--data"),
        (_open_key, "keys", "bad", "chmod 600"),
        (_damage, "wal", "bad", "restore"),
        (_no_wal, "wal", "warn", "local disk"),
        (_schema("0999"), "schema", "bad", "Install the newer"),
        (_no_schema, "schema", "warn", "db upgrade"),
        (_files_from_tomorrow, "clock", "bad", "NTP"),
        (_certificate(days=3), "certificate", "warn", "Renew"),
        (_certificate(days=-3), "certificate", "bad", "Renew"),
        (_certificate(days=300), "certificate", "ok", "valid until"),
    ],
)
def test_what_is_wrong_is_found_and_comes_with_advice(
    patient: Patient, spoil: Callable[[Patient], None], name: str, level: str, advice: str
) -> None:
    spoil(patient)
    finding = _finding(patient, name)
    assert finding.level == level
    assert advice in Voice("en").say(finding.words, **finding.values)


def test_a_clock_from_before_this_was_written_is_wrong(folder: Folder) -> None:
    assert _level(Patient(folder, None, "127.0.0.1", _free_port(), ManualClock(1_000)), "clock") == "bad"


def test_a_port_in_use_is_a_warning_because_it_may_be_our_own_server(folder: Folder) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert _level(Patient(folder, None, "127.0.0.1", server.getsockname()[1]), "port") == "warn"


def test_an_address_of_another_machine_is_bad(folder: Folder) -> None:
    assert _level(Patient(folder, None, "192.0.2.1", 8000), "port") == "bad"


def test_an_unreachable_database_does_not_hide_the_other_findings(folder: Folder) -> None:
    patient = Patient(folder, "postgresql://127.0.0.1:1/nowhere", "127.0.0.1", _free_port(), ManualClock(NOW_MS))
    finding = _finding(patient, "schema")
    assert (finding.level, finding.words) == ("bad", doctor_words.BROKE)
    assert len(examine(patient)) == len(doctor.CHECKS)


def test_bluetooth_is_never_more_than_a_warning(patient: Patient) -> None:
    assert _level(patient, "bluetooth") in ("ok", "warn")


def test_every_bad_or_doubtful_sentence_says_what_to_do() -> None:
    """A second sentence, or a second half, follows the finding."""
    troubles = re.findall(r'"(?:warn|bad)", say\.(\w+)', Path(doctor.__file__).read_text())
    assert len(troubles) > 15
    for name in troubles:
        words = getattr(doctor_words, name)
        assert re.search(r"[.;:,] \S+.*\.", words.en), name


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_command_prints_a_line_per_check(patient: Patient, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--lang", language, "doctor", "--data", str(patient.folder.root), "--port", str(patient.port)]
    assert main(line) == exits.OK
    assert len(capsys.readouterr().out.splitlines()) == len(doctor.CHECKS) + 1


def test_the_command_fails_where_something_is_bad(patient: Patient, capsys: pytest.CaptureFixture[str]) -> None:
    _open_key(patient)
    assert main(["doctor", "--json", "--data", str(patient.folder.root), "--port", str(patient.port)]) == exits.FAILED
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["keys"]["level"] == "bad"
    assert "secret" not in json.dumps(rows)
