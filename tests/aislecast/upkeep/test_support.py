"""The support bundle: what helps is in it, and none of the secrets that were planted everywhere."""

import json
import sqlite3
import threading
import zipfile
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aislecast import exits
from aislecast.cli import main
from aislecast.exits import Stop
from aislecast.folder import Folder
from aislecast.upkeep.support import BLACK, blackened, last_lines, make_bundle, note_crash, redact
from groundwork.plumbing.clock import ManualClock

PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIPlantedPlantedPlanted0123456789abcdef=\n-----END PRIVATE KEY-----"
SECRETS = {
    "bearer": "tk_9fQ2xLr7VbN4mKd8",
    "bearer in text": "Zx81Kp0qWe5RtY7u",
    "password": "hunter2-hunter2",
    "database password": "s3cr3t-pw",
    "coupon": "7K2Q9-XM4RT-8Z1PD",
    "mail": "noura@example.com",
    "phone": "+966 50 123 4567",
    "signature": "c2lnbmF0dXJlLXBsYW50ZWQtaGVyZS0wMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMw",
    "hex token": "00112233445566778899aabbccddeeff",
    "push token": "fGh1Jk2:APA91bPlantedPlantedPlanted",
    "name": "Noura Alqahtani",
    "pem body": "PlantedPlantedPlanted0123456789abcdef",
    "key bytes": "raw-key-material",
}
LOG = [
    json.dumps({"event": "request", "authorization": f"Bearer {SECRETS['bearer']}", "status": 201, "path": "/v1/redemptions"}),
    json.dumps({"event": "redeemed", "coupon_code": SECRETS["coupon"], "code": SECRETS["coupon"], "receipt": "R-17"}),
    json.dumps({"event": "refused", "code": "stranger", "count": 12, "hop": "gate"}),
    json.dumps({"event": "push", "push_token": SECRETS["push token"], "note": {"email": SECRETS["mail"], "phone": SECRETS["phone"]}}),
    json.dumps({"event": "shopper", "name": SECRETS["name"], "shopper": "a3f2c9d1e0b7f654"}),
    f"curl -H 'Authorization: Bearer {SECRETS['bearer in text']}' http://localhost",
    f"Aislecast-Signature: key=gw-1, at=1793516400000, sig={SECRETS['signature']}",
    f"cannot connect to postgresql://aislecast:{SECRETS['database password']}@db/aislecast, password={SECRETS['password']}",
    f"token {SECRETS['hex token']} of {SECRETS['mail']} {SECRETS['phone']}, coupon {SECRETS['coupon'].lower()}",
    json.dumps({"event": "request 01936f5e-8c00-7abc-8def-0123456789ab done", "ms": 12.5}),
    PEM,
]


@pytest.fixture
def planted(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder, an environment and a database with secrets wherever they might lie."""
    folder.log.write_text("\n".join(LOG) + "\n")
    folder.key("codes", SECRETS["key bytes"].encode)
    (folder.tls / "server.key").write_text(PEM)
    (folder.tls / "server.key").chmod(0o600)
    (folder.root / "aislecast.toml").write_text(f'password = "{SECRETS["password"]}"')
    with closing(sqlite3.connect(folder.database, isolation_level=None)) as conn:
        conn.execute("CREATE TABLE planted (word TEXT)")
        conn.executemany("INSERT INTO planted VALUES (?)", [(secret,) for secret in SECRETS.values()])
    monkeypatch.setenv("AISLECAST_TILL_TOKEN", SECRETS["bearer"])
    monkeypatch.setenv("AISLECAST_DATABASE_PASSWORD", SECRETS["password"])
    monkeypatch.setenv("AISLECAST_MIRROR", f"https://root:{SECRETS['database password']}@mirror.example/")
    monkeypatch.setenv("AISLECAST_LANG", "ar")
    return folder


@pytest.fixture
def bundle(planted: Folder, tmp_path: Path) -> dict[str, str]:
    """The bundle's files by name, as text."""
    with zipfile.ZipFile(make_bundle(planted, None, tmp_path / "bundle.zip", ManualClock(1_793_516_400_000), port=1)) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


def test_no_planted_secret_is_in_the_bundle(bundle: dict[str, str]) -> None:
    found = [(kind, name) for kind, secret in SECRETS.items() for name, text in bundle.items() if secret.lower() in text.lower()]
    assert not found


@pytest.mark.parametrize("number", ["+966501234567", "00966 50 123 4567", "0501234567", "971-50-123-4567", "+1 (415) 555-0100"])
def test_phone_numbers_do_not_stay(number: str) -> None:
    assert redact(f"called {number} twice") == f"called {BLACK} twice"


def test_what_helps_is_in_the_bundle(bundle: dict[str, str]) -> None:
    assert json.loads(bundle["versions.json"])["packages"]["msgspec"]
    facts = json.loads(bundle["database.json"])
    assert facts["revision"] == facts["known"]
    assert facts["rows"]["planted"] == len(SECRETS)
    settings = json.loads(bundle["settings.json"])
    assert settings["environment"]["AISLECAST_LANG"] == "ar"
    assert settings["environment"]["AISLECAST_TILL_TOKEN"] == BLACK
    assert settings["aislecast.toml"] == {"password": BLACK}
    assert settings["files"]["keys/codes"].endswith(" 600")
    assert {row["name"] for row in json.loads(bundle["doctor.json"])} >= {"python", "disk", "schema"}
    log = bundle["log.txt"].splitlines()
    assert json.loads(log[0])["path"] == "/v1/redemptions"
    assert json.loads(log[2]) == {"event": "refused", "code": "stranger", "count": 12, "hop": "gate"}
    assert "01936f5e-8c00-7abc-8def-0123456789ab" in bundle["log.txt"]
    assert '"a3f2c9..."' in bundle["log.txt"], "six characters of a pseudonym stay, to follow it by"


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # the name http.server calls
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hop_in_total 12\n" if self.path == "/metrics" else b'{"ready": true, "token": "planted-token"}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the name http.server gives it
        """Quiet."""


def test_a_running_server_is_asked_for_its_counts(folder: Folder, tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        path = make_bundle(folder, None, tmp_path / "bundle.zip", port=server.server_address[1])
        server.shutdown()
    with zipfile.ZipFile(path) as packed:
        assert packed.read("metrics.txt") == b"hop_in_total 12"
        assert json.loads(packed.read("ready.json")) == {"ready": True, "token": BLACK}


def test_without_a_database_or_a_log_there_is_still_a_bundle(tmp_path: Path) -> None:
    with zipfile.ZipFile(make_bundle(Folder(tmp_path / "nothing"), None, tmp_path / "bundle.zip")) as packed:
        assert json.loads(packed.read("database.json")) == {"database": "none yet"}
        assert packed.read("log.txt") == b""
    assert not (tmp_path / "nothing").exists()


def test_a_part_that_cannot_be_made_is_named_without_its_secrets(folder: Folder, tmp_path: Path) -> None:
    address = "postgresql://aislecast:s3cr3t-pw@127.0.0.1:1/aislecast"
    with zipfile.ZipFile(make_bundle(folder, address, tmp_path / "bundle.zip")) as packed:
        assert "could not be found out" in json.loads(packed.read("database.json"))
        assert not any(b"s3cr3t-pw" in packed.read(name) for name in packed.namelist())


def test_the_bundle_is_for_this_account_alone_and_is_never_overwritten(folder: Folder, tmp_path: Path) -> None:
    path = make_bundle(folder, None, tmp_path / "bundle.zip")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Stop, match="already exists"):
        make_bundle(folder, None, path)


def test_a_folder_that_is_not_there_is_named(folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(Stop, match="none does not exist; make it first"):
        make_bundle(folder, None, tmp_path / "none" / "bundle.zip")


def test_only_the_end_of_a_long_log_is_taken(folder: Folder) -> None:
    folder.log.write_text("".join(f"line {number} {'x' * 400}\n" for number in range(10_000)))
    lines = last_lines(folder.log)
    assert len(lines) <= 5_000
    assert lines[-1].startswith("line 9999 ")
    assert all(line.startswith("line ") for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        "12 sightings, 3 refused",
        "zone event at 1793516400000 in demo-aisle-3",
        "GET /v1/feed 200 in 3.2 ms",
        "صُرفت قسيمة واحدة",
        "schema 0001",
    ],
)
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


def test_secrets_are_found_at_any_depth() -> None:
    assert blackened({"a": [{"token": "x", "n": 1}], "password": ""}) == {"a": [{"token": BLACK, "n": 1}], "password": ""}


def test_a_crash_is_noted_in_the_log(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "new")
    with pytest.raises(ValueError, match="odd") as caught:
        int("odd")
    assert note_crash(caught.value, folder) == str(folder.log)
    assert "ValueError: invalid literal" in json.loads(folder.log.read_text())["stack"]


def test_a_crash_that_cannot_be_noted_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert note_crash(ValueError("odd"), Folder(tmp_path / "file")) == "-"
    assert "ValueError: odd" in capsys.readouterr().err


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_command_says_where_the_bundle_is(folder: Folder, tmp_path: Path, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "bundle.zip"
    assert main(["--lang", language, "support-bundle", "--data", str(folder.root), "--out", str(out)]) == exits.OK
    assert str(out) in capsys.readouterr().out
    assert zipfile.is_zipfile(out)
