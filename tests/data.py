"""Where tests find recordings: the folder AISLECAST_DATA names, else `../shared/data` beside the project."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
ROOT = Path(os.environ.get("AISLECAST_DATA", PROJECT.parent / "shared" / "data"))
"""Read at import: some tests take every AISLECAST_* out of the environment while they run."""


def data_folder(name: str) -> Path:
    """The folder of the recordings called `name`; skips the test, saying what was looked for, where it is not there."""
    folder = ROOT / name
    if not folder.is_dir():
        pytest.skip(f"no recordings {name!r} in {ROOT}; set AISLECAST_DATA to the folder that holds them")
    return folder
