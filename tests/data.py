"""Where tests find recordings: the folder AISLECAST_DATA names, else `../shared/data` beside the project."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


def data_folder(name: str) -> Path:
    """The folder of the recordings called `name`; skips the test, saying what was looked for, where it is not there."""
    root = Path(os.environ.get("AISLECAST_DATA", PROJECT.parent / "shared" / "data"))
    folder = root / name
    if not folder.is_dir():
        pytest.skip(f"no recordings {name!r} in {root}; set AISLECAST_DATA to the folder that holds them")
    return folder
