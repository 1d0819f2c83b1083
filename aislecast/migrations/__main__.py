"""Writes a revision: what the tables in the code have and the newest revision has not.

    python -m aislecast.migrations new SLUG       adds versions/NNNN_SLUG.py and the folder SLUG
    python -m aislecast.migrations again          writes the newest revision once more (only while no release has it)

Read the result before committing it: a renamed column, for example, shows up as one dropped and one added.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from aislecast import migrations
from aislecast.migrations import writer

HERE = Path(__file__).parent
VERSIONS = HERE / "versions"


def main() -> int:
    """Runs one command line; prints the files that were written."""
    parser = argparse.ArgumentParser(prog="python -m aislecast.migrations", description="Write a revision of the database schema.")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("new", help="add a revision").add_argument("slug", help="a few words, joined by _")
    actions.add_parser("again", help="write the newest revision once more")
    args = parser.parse_args()
    for path in write_new(args.slug) if args.action == "new" else write_again():
        print(path)
    return 0


def write_new(slug: str) -> list[Path]:
    """Adds the next revision. Raises ValueError where `slug` is no name of a file, or nothing has changed."""
    if not re.fullmatch(r"[a-z0-9_]{1,40}", slug):
        raise ValueError(f"a slug is lower-case letters, digits and _, got {slug!r}")
    return _write(f"{int(migrations.head()) + 1:04}", slug)


def write_again() -> list[Path]:
    """Writes the newest revision once more. Its old files are overwritten, and stay where that fails."""
    revision, _, slug = max(VERSIONS.glob("[0-9]*.py")).stem.partition("_")
    if revision == "0001":
        raise ValueError("revision 0001 is released: it is not written again")
    return _write(revision, slug)


def _write(revision: str, slug: str) -> list[Path]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/scratch.db"
        migrations.upgrade(url, f"{int(revision) - 1:04}")
        return _formatted(writer.write_revision(url, revision, slug, HERE))


def _formatted(paths: list[Path]) -> list[Path]:
    for step in (["format"], ["check", "--fix"], ["format"]):
        subprocess.run([sys.executable, "-m", "ruff", *step, "--quiet", *map(str, paths)], check=True)  # noqa: S603 # our own words only
    return paths


if __name__ == "__main__":
    sys.exit(main())
