"""The project stands on its own: no file names the machine it was written on, and none an address that only works from there."""

import re

from tests.architecture.source import ROOT, files, listed

TRACES = {
    r"(?<![\w.])/(work|home|root|Users)/": "an absolute path of somebody's machine",
    r"\bpypi\.(org|python)|files\.pythonhosted|registry\.npm|deb\.debian\.org|(archive|security)\.ubuntu": "a registry's address",
    r"(?i)\bindex-url\b|find-links": "where some machine's packages come from",
    r"(?i)\b(claude|anthropic|openai|copilot|chatgpt)\b": "a tool's name",
}
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".yml",
    ".yaml",
    ".json",
    ".ini",
    ".cfg",
    ".sh",
    ".service",
    ".html",
    ".js",
    ".ts",
    ".css",
    ".mako",
    "",
}


def test_no_file_tells_of_the_machine_it_was_written_on() -> None:
    violations = []
    for path in files():
        if path.suffix not in TEXT or path.name == "test_traces.py":
            continue
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1):
            violations += [f"{path}:{number}: {why}: {line.strip()[:100]}" for trace, why in TRACES.items() if re.search(trace, line)]
    assert not violations, listed(violations)
