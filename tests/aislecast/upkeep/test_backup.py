"""Backup and restore: there and back again, and nothing touched where something is wrong."""

import io
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from aislecast import exits, migrations
from aislecast.cli import main
from aislecast.exits import Stop
from aislecast.folder import Folder
from aislecast.upkeep.backup import MANIFEST, Manifest, back_up, read_manifest, restore
from groundwork.plumbing.clock import ManualClock

T0 = 1_793_516_400_000


def _run(folder: Folder, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder.database, isolation_level=None)) as conn:
        return conn.execute(statement).fetchall()


def _contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file() and path.name != "lock"}


@pytest.fixture
def lived_in(folder: Folder) -> Folder:
    """A folder with something in it worth keeping."""
    _run(folder, "CREATE TABLE kept (word TEXT)")
    _run(folder, "INSERT INTO kept VALUES ('bread'), ('خبز')")
    folder.key("codes", lambda: b"\x00key\xff")
    (folder.tls / "ca.pem").write_text("certificate")
    (folder.spool / "spool.db").write_text("never backed up")
    return folder


@pytest.fixture
def backup(lived_in: Folder, tmp_path: Path) -> Path:
    return back_up(lived_in, tmp_path / "backup.tar", ManualClock(T0))


def test_a_backup_brings_everything_back(lived_in: Folder, backup: Path, tmp_path: Path) -> None:
    other = Folder(tmp_path / "other")
    other.make()
    restore(other, backup, clock=ManualClock(T0 + 60_000))
    assert _run(other, "SELECT word FROM kept") == [("bread",), ("خبز",)]
    assert other.key("codes", lambda: b"never") == b"\x00key\xff"
    assert (other.tls / "ca.pem").read_text() == "certificate"
    assert migrations.check(other.database_url) != []  # the table `kept`
    assert migrations.current(other.database_url) == migrations.head()
    assert not any(other.spool.iterdir())


def test_a_backup_of_a_running_server_is_one_moment_of_it(lived_in: Folder, tmp_path: Path) -> None:
    with closing(sqlite3.connect(lived_in.database, isolation_level=None)) as server:
        server.execute("PRAGMA journal_mode=WAL")
        server.execute("INSERT INTO kept VALUES ('committed')")
        server.execute("BEGIN IMMEDIATE")
        server.execute("INSERT INTO kept VALUES ('not yet committed')")
        backup = back_up(lived_in, tmp_path / "live.tar")
        server.execute("COMMIT")
    other = Folder(tmp_path / "other")
    other.make()
    restore(other, backup)
    assert _run(other, "SELECT count(*) FROM kept") == [(3,)]


def test_a_backup_and_what_it_restores_are_for_this_account_alone(backup: Path, tmp_path: Path) -> None:
    other = Folder(tmp_path / "other")
    other.make()
    restore(other, backup)
    restored = [other.database, other.keys / "codes", other.tls / "ca.pem", other.send_fence]
    assert {oct(path.stat().st_mode & 0o777) for path in [backup, *restored]} == {"0o600"}


def test_the_manifest_says_what_when_and_which_schema(backup: Path) -> None:
    manifest = read_manifest(backup)
    assert manifest.made_ms == T0
    assert manifest.schema == migrations.head()
    assert [part.name for part in manifest.parts] == ["aislecast.db", "keys/codes", "tls/ca.pem"]


def test_into_a_folder_a_backup_gets_a_name_with_the_time(lived_in: Folder, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    assert back_up(lived_in, tmp_path / "backups", ManualClock(T0)).name == "aislecast-20261101T070000Z.tar"


def test_a_backup_is_never_overwritten(lived_in: Folder, backup: Path) -> None:
    with pytest.raises(Stop, match="already exists") as caught:
        back_up(lived_in, backup)
    assert caught.value.code == exits.BAD_INPUT


def test_where_there_is_no_database_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="nothing to back up"):
        back_up(Folder(tmp_path / "empty"), tmp_path / "backup.tar")
    assert not (tmp_path / "backup.tar").exists()


def test_a_restore_leaves_a_fence_for_pushes_from_before(backup: Path, tmp_path: Path) -> None:
    other = Folder(tmp_path / "other")
    other.make()
    restore(other, backup, clock=ManualClock(T0 + 600_000))
    assert other.send_fence_ms() == T0 + 600_000


def test_a_folder_in_use_is_not_overwritten_without_force(lived_in: Folder, backup: Path) -> None:
    before = _contents(lived_in.root)
    with pytest.raises(Stop, match="--force") as caught:
        restore(lived_in, backup)
    assert caught.value.code == exits.BAD_INPUT
    assert _contents(lived_in.root) == before


def test_force_puts_aside_what_was_there(lived_in: Folder, backup: Path) -> None:
    _run(lived_in, "INSERT INTO kept VALUES ('after the backup')")
    restore(lived_in, backup, force=True, clock=ManualClock(T0))
    assert _run(lived_in, "SELECT count(*) FROM kept") == [(2,)]
    aside = Folder(lived_in.backups / "before-restore-20261101T070000Z")
    assert _run(aside, "SELECT count(*) FROM kept") == [(3,)]
    assert (aside.spool / "spool.db").exists()


def _rewritten(backup: Path, name: str, content: bytes | None, extra: tuple[str, bytes] | None = None) -> Path:
    """A copy of the backup with one file changed (or cut out, for None), and perhaps one more."""
    changed = backup.with_name("changed.tar")
    with tarfile.open(backup) as old, tarfile.open(changed, "w") as new:
        for entry in old:
            held = old.extractfile(entry)
            body = content if entry.name == name else held.read() if held else b""
            if body is not None:
                entry.size = len(body)
                new.addfile(entry, io.BytesIO(body))
        if extra:
            entry = tarfile.TarInfo(extra[0])
            entry.size = len(extra[1])
            new.addfile(entry, io.BytesIO(extra[1]))
    return changed


def _refused(backup: Path, tmp_path: Path) -> str:
    """Restores into an empty folder, which must be refused and leave it empty; returns the sentence."""
    other = Folder(tmp_path / "other")
    other.make()
    before = _contents(other.root)
    with pytest.raises(Stop) as caught:
        restore(other, backup)
    assert caught.value.code == exits.BAD_INPUT
    assert _contents(other.root) == before
    return str(caught.value)


@pytest.mark.parametrize("name", ["aislecast.db", "keys/codes"])
@pytest.mark.parametrize("content", [b"something else", None])
def test_a_damaged_backup_changes_nothing(backup: Path, tmp_path: Path, name: str, content: bytes | None) -> None:
    assert f"{name} does not match its checksum" in _refused(_rewritten(backup, name, content), tmp_path)


def test_a_backup_cut_short_changes_nothing(backup: Path, tmp_path: Path) -> None:
    whole = backup.read_bytes()
    backup.write_bytes(whole[: len(whole) // 2])
    assert "does not match its checksum" in _refused(backup, tmp_path)


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "keys/../../escaped", "logs/x", "keys/.hidden"])
def test_a_backup_writes_nowhere_but_where_it_may(backup: Path, tmp_path: Path, name: str) -> None:
    manifest = msgspec.structs.asdict(read_manifest(backup))
    part = msgspec.structs.replace(manifest["parts"][0], name=name)
    text = msgspec.json.encode(Manifest(**{**manifest, "parts": [*manifest["parts"], part]}))
    assert "no backup of ours" in _refused(_rewritten(backup, MANIFEST, text, extra=(name, b"x")), tmp_path)
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize("content", [b"", b"just text", b"PK\x03\x04"])
def test_another_file_is_no_backup(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert "is not an Aislecast backup" in _refused(tmp_path / "file", tmp_path)


def test_a_backup_of_another_format_names_both(backup: Path, tmp_path: Path) -> None:
    manifest = msgspec.structs.replace(read_manifest(backup), format=9)
    assert "has format 9; this version reads format 1" in _refused(_rewritten(backup, MANIFEST, msgspec.json.encode(manifest)), tmp_path)


def test_a_backup_of_a_newer_schema_is_refused_by_the_command(backup: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = msgspec.structs.replace(read_manifest(backup), schema="0999")
    changed = _rewritten(backup, MANIFEST, msgspec.json.encode(manifest))
    assert main(["restore", str(changed), "--data", str(tmp_path / "other")]) == exits.ENVIRONMENT
    assert "newer Aislecast (its schema is 0999" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("language", ["ar", "en"])
def test_backup_and_restore_as_commands(lived_in: Folder, tmp_path: Path, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    made, other = str(tmp_path / "made.tar"), str(tmp_path / "other")
    assert main(["--lang", language, "backup", made, "--data", str(lived_in.root)]) == exits.OK
    assert made in capsys.readouterr().out
    assert main(["--lang", language, "restore", made, "--data", other]) == exits.OK
    assert other in capsys.readouterr().out
    assert main(["--lang", language, "restore", made, "--data", other]) == exits.BAD_INPUT
    assert "--force" in capsys.readouterr().err
    assert _run(Folder(Path(other)), "SELECT count(*) FROM kept") == [(2,)]


def test_a_locked_folder_is_not_restored_over(lived_in: Folder, backup: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with lived_in.locked():
        assert main(["restore", str(backup), "--force", "--data", str(lived_in.root)]) == exits.ENVIRONMENT
    assert "is in use by another Aislecast" in capsys.readouterr().err


def test_a_database_on_postgresql_is_backed_up_elsewhere(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AISLECAST_DATABASE", "postgresql://somewhere/aislecast")
    assert main(["backup", "x.tar"]) == exits.BAD_INPUT
    assert "pg_dump" in capsys.readouterr().err
