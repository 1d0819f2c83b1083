"""The gateway runs where nothing but the base is installed: no database, no numpy, no server."""

import subprocess
import sys

from tests.data import PROJECT

BLOCKED = ("sqlalchemy", "numpy", "shapely", "uvloop", "rich", "asyncpg", "alembic", "argon2", "babel", "pandas")
PROGRAM = f"""
import sys, importlib, pkgutil
for name in {BLOCKED!r}:
    sys.modules[name] = None
import beacon_gateway, groundwork.adverts
for package in (beacon_gateway, groundwork.adverts):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
        print(module.name)
"""


def test_every_module_imports_without_the_server_s_libraries() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {"beacon_gateway.run", "beacon_gateway.sources.bleak", "groundwork.adverts.formats.ibeacon"} <= set(done.stdout.split())


def test_reading_a_recording_does_not_load_bluetooth() -> None:
    program = "import sys, beacon_gateway.app, beacon_gateway.sources.jsonl; print('bleak' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
