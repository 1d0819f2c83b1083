"""Writes constraints.txt anew: what pip resolves for the base, every extra and the build backend, one `name==version` a line.

Pip resolves without installing (`--dry-run --ignore-installed --report`), so what happens to be in this environment does not leak in,
and only names and versions are kept, so no registry's address does. Run it as `make lock`.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEAD = """\
# Every distribution that `aislecast` with all its extras, and its build, need: at the version it was tested with.
# Written by `make lock`; `make` and .ci/run install by it. Holds no address: pip asks the index it is set up with.
"""


def required() -> list[str]:
    """Everything pyproject.toml asks for, and `editables`, which hatchling asks for when it builds an editable install."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = pyproject["project"]
    extras = [name for names in project["optional-dependencies"].values() for name in names]
    return [*project["dependencies"], *extras, *pyproject["build-system"]["requires"], "editables"]


def resolved(requirements: list[str]) -> dict[str, str]:
    """Versions by normalised name, as pip would install `requirements` on this Python; exits with pip's status where it cannot."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-", *requirements]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)  # noqa: S603 - our own list, no shell; pip offers no API
    if done.returncode:
        raise SystemExit(done.returncode)
    metadata = [entry["metadata"] for entry in json.loads(done.stdout)["install"]]
    return {re.sub(r"[-_.]+", "-", each["name"]).lower(): each["version"] for each in metadata}


def main() -> None:
    versions = resolved(required())
    lines = [f"{name}=={version}\n" for name, version in sorted(versions.items())]
    (ROOT / "constraints.txt").write_text(HEAD + "".join(lines), encoding="utf-8")
    print(f"constraints.txt: {len(lines)} distributions pinned")


if __name__ == "__main__":
    main()
