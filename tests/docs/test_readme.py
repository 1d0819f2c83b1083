"""What the two READMEs tell somebody to type works, and both tell the same.

A block of commands with `<!-- test -->` above it is executed in an empty folder, one with `<!-- test: server -->` against a server with
the demo shop, started for it. Commands are the installed ones; `make` is left to those who call this test.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import pytest

from aislecast.steps import STEPS, step_name
from aislecast.words import Voice
from groundwork.plumbing.clock import SystemClock
from tests.architecture.source import ROOT
from tests.docs.captures import PAGES as PAGES_CAPTURED
from tests.docs.captures import ROWS, last_view, view_in, with_view
from tests.docs.markdown import PAGES, Block, blocks, page

READMES = ("README.md", "README.ar.md")
SCRIPTS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
PATIENCE_S = 60
"""How long a server may take to its first answer: the promise of the demo."""
BLOCKS = blocks(page("README.md"))
"""Those of the English one are executed; the Arabic one's are the same, or a test fails."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the project's commands are found, whether it is installed or not, and a home of its own."""
    folder = tmp_path_factory.mktemp("bin")
    for name, entry in SCRIPTS.items():
        module, function = entry.split(":")
        script = folder / name
        script.write_text(f"#!{sys.executable}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n", encoding="utf-8")
        script.chmod(0o755)
    home = tmp_path_factory.mktemp("home")
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "LANG": "C.UTF-8"}


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What the command prints; fails with it where it ends badly."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def server(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the demo shop, on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("server")
    command = ["aislecast", "up", "--demo", "--plain", "--port", str(port), "--data", str(folder / "data")]
    with (folder / "printed").open("wb") as printed:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=printed, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, process, folder / "printed")
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(address: str, process: "subprocess.Popen[bytes]", printed: Path) -> None:
    clock = SystemClock()
    until = clock.monotonic_s() + PATIENCE_S
    while clock.monotonic_s() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=1) as answer:
                assert answer.status == 200
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            sleep(0.1)
    pytest.fail(f"`aislecast up --demo` did not answer on {address} within {PATIENCE_S} s:\n{printed.read_text(encoding='utf-8')}")


@pytest.mark.faults
@pytest.mark.parametrize("block", [block for block in BLOCKS if block.tag == "test"], ids=lambda block: f"line {block.line}")
def test_the_commands_of_the_readme_work(block: Block, tmp_path: Path, environment: dict[str, str]) -> None:
    _run(["bash", "-euo", "pipefail", "-c", block.text], tmp_path, environment)


@pytest.mark.faults
@pytest.mark.parametrize("block", [block for block in BLOCKS if block.tag == "test: server"], ids=lambda block: f"line {block.line}")
def test_the_requests_of_the_readme_are_answered(block: Block, server: str, tmp_path: Path, environment: dict[str, str]) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed (`make tools` installs it)")
    text = block.text.replace("http://127.0.0.1:8000", server)
    printed = _run(["bash", "-euo", "pipefail", "-c", text], tmp_path, environment)
    if "/v1/redemptions" in text:
        assert re.search(r'"code":\s*"\w+"', printed), printed
        assert re.search(r"[\u0621-\u064a]", printed), f"the refusal is not in Arabic: {printed}"


def test_both_readmes_have_the_same_commands() -> None:
    english, arabic = ([block.text for block in blocks(page(name)) if block.language == "bash"] for name in READMES)
    assert english == arabic
    assert any(block.tag == "test" for block in BLOCKS)


def test_both_readmes_have_the_same_parts() -> None:
    """Neither is an abridgement: as many headings, table rows, list entries and links, in the same order."""

    def shape(name: str) -> list[str]:
        text = re.sub(r"```.*?```|</?div[^>]*>", "", page(name), flags=re.DOTALL)
        lines = [re.match(r"#+ |\||- ", line) for line in text.splitlines()]
        return [found[0] for found in lines if found]

    assert shape("README.md") == shape("README.ar.md")
    english, arabic = (re.findall(r"\]\(([^)]+)\)", page(name)) for name in READMES)
    assert english[1:] == arabic[1:]


def test_the_readmes_point_to_each_other_first() -> None:
    assert "(README.ar.md)" in page("README.md")[:60]
    assert "(README.md)" in page("README.ar.md")[:90]


@pytest.mark.parametrize("name", READMES)
def test_the_captured_view_shows_the_flow_as_it_is_today(name: str) -> None:
    """`python -m tests.docs.captures` makes the captures anew: every step that the demo counts, in its order and under its name."""
    voice = Voice(PAGES_CAPTURED[name])
    rows = [line for line in view_in(page(name)).splitlines() if line.count("  ") > 5 and re.search(r"\d +[\d,]+ +", line)]
    steps = [hop for line in rows for hop in STEPS if _name_in(line, step_name(hop, voice))]
    assert steps == [hop for hop in STEPS if hop not in NOT_IN_THE_DEMO]


NOT_IN_THE_DEMO = ("feeds.payloads", "feeds.adverts", "ingest.gaps")
"""Steps that come with third-party boxes, and with boxes that lost something."""


def _name_in(row: str, name: str) -> bool:
    """Whether the row of a table is that of the step: its name stands at one end, beside spaces."""
    return row.startswith(f"{name}  ") or row.endswith(f"  {name}")


def test_the_last_whole_view_is_taken_out_of_what_a_terminal_was_sent() -> None:
    rows = "\r\n".join(f"\x1b[1mrow {number}\x1b[0m" for number in range(ROWS))
    back = "\r\x1b[2K" + "\x1b[1A\x1b[2K" * ROWS
    drawn = f"starting\r\n{rows}{back}{rows.replace('row', 'line')}{back}line 0 is cut"
    assert last_view(drawn).splitlines()[:2] == ["line 0", "line 1"]
    assert (
        with_view("<!-- capture -->\n```text\nold\n```\n<!-- /capture -->", "new\n")
        == "<!-- capture -->\n```text\nnew\n```\n<!-- /capture -->"
    )


def test_every_command_the_pages_name_is_there(environment: dict[str, str], tmp_path: Path) -> None:
    known = {name: _subcommands(_run([name, "--help"], tmp_path, environment)) for name in SCRIPTS}
    unknown = set()
    for path in PAGES:
        for program, word in re.findall(rf"`({'|'.join(SCRIPTS)}) ([a-z][a-z-]*)", page(path)):
            if word not in known[program]:
                unknown.add(f"{path}: {program} {word}")
    assert unknown == set()


def _subcommands(printed: str) -> set[str]:
    """The words of a help page that stand where a command would."""
    return set(re.findall(r"^ {2,8}([a-z][a-z-]*)\b", printed, re.MULTILINE)) | {
        word for group in re.findall(r"\{([a-z,-]+)\}", printed) for word in group.split(",")
    }


def test_every_command_there_is_in_the_readme(environment: dict[str, str], tmp_path: Path) -> None:
    from aislecast.commands import COMMANDS

    assert [name for name in COMMANDS if f"`aislecast {name}" not in page("README.md")] == []
