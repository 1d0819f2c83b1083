"""A data folder of its own for every test, and an environment in which nothing of the account that runs the tests shows."""

import os
import shutil
from pathlib import Path

import pytest

from aislecast import migrations
from aislecast.folder import Folder


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("AISLECAST_", "LC_", "LANG")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AISLECAST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="session")
def _newest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("newest") / "aislecast.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def folder(tmp_path: Path, _newest: Path) -> Folder:
    """A data folder as it is after the first start: made, and its database at the newest schema."""
    folder = Folder(tmp_path / "home")
    folder.make()
    shutil.copy(_newest, folder.database)
    return folder
