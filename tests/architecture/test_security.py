"""What the scanners say: bandit over the product's code, detect-secrets over every tracked file. Each finding is mended, or stands here
with its reason; a reason that nothing needs any more is removed.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

from tests.architecture.source import ROOT, listed

PACKAGES: Final = ("aislecast", "beacon_gateway", "floorplans", "geofence", "groundwork", "notifier")

EVERYWHERE: Final = {
    "B101": "asserts say what types cannot; nothing is guarded by one",
    "B311": "seeded chance is for jitter, simulation and replays; secrets come from Parts.randbytes",
    "B404": "importing subprocess does nothing; what is started is looked at by B602 to B607",
    "B603": "no shell, and a list of words of our own",
}
"""Bandit's tests that are turned off, and why."""

BANDIT: Final = {
    ("aislecast/all_in_one.py", "B104"): "compared with, not listened on",
    ("aislecast/settings.py", "B105"): "the name of a variable, not a token",
    ("beacon_gateway/spool_file.py", "B608"): "the columns are named in the line above; no value is put into the text",
    ("groundwork/people/eid.py", "B305"): "single blocks, as the specification of Eddystone-EID has it",
    ("groundwork/people/tokens.py", "B305"): "one block of unique plain text per token: ECB shows nothing",
}

SECRETS: Final = {
    "docs/feeds.md": "the beacon's UUID in example payloads",
    "docs/webhooks.md": "ids in an example of a delivery",
    "tests/*": "throw-away keys, ids and vectors of tests, which open nothing",
    "groundwork/people/model.py": "names of grants",
    "groundwork/people/codes.py": "the alphabet of codes",
    "notifier/coupons.py": "the alphabet of coupon codes",
}
"""Files in which something looks like a secret, and what it is."""


def _left(found: Mapping[tuple[str, str], str], allowed: set[tuple[str, str]]) -> list[str]:
    return [said for key, said in sorted(found.items()) if key not in allowed]


def test_bandit_finds_nothing_that_is_not_explained() -> None:
    asked = [sys.executable, "-m", "bandit", "-q", "-r", *PACKAGES, "--skip", ",".join(EVERYWHERE), "-f", "json"]
    answer = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(answer.stdout)
    assert not report["errors"]
    assert report["metrics"]["_totals"]["loc"] > 10_000, "bandit read nothing"
    found = {
        (one["filename"].removeprefix("./"), one["test_id"]): f"{one['filename']}:{one['line_number']} {one['test_id']} {one['issue_text']}"
        for one in report["results"]
    }
    assert not (left := _left(found, set(BANDIT))), listed(left)
    assert not (idle := BANDIT.keys() - found.keys()), f"nothing needs these any more: {sorted(idle)}"


def test_no_file_holds_a_secret(tmp_path: Path) -> None:
    left, needed = [], set[str]()
    with default_settings():
        for path in _tracked():
            explained = {pattern for pattern in SECRETS if fnmatch(path, pattern)}
            if explained and explained <= needed:
                continue  # whatever is in it is explained, and by what is needed anyway
            if kinds := _secrets(path, tmp_path):
                needed |= explained
                left += [] if explained else [f"{path}: {', '.join(kinds)}"]
    assert not left, listed(left)
    assert not (idle := SECRETS.keys() - needed), f"nothing needs these any more: {sorted(idle)}"


def test_a_secret_would_be_found(tmp_path: Path) -> None:
    planted = tmp_path / "settings.py"
    planted.write_text("AWS_KEY = 'AKIA" + "IOSFODNN7EXAMPLE'\n")
    with default_settings():
        secrets = SecretsCollection()
        secrets.scan_file(str(planted))
    assert [one.type for _, one in secrets] == ["AWS Access Key"]


def _tracked() -> list[str]:
    answer = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in answer.stdout.splitlines() if (ROOT / path).is_file()]


def _secrets(path: str, folder: Path) -> list[str]:
    """What kinds of secret a file holds; to be called under detect-secrets' settings. Of JSON, where every line speaks for itself and our
    `openapi.json` says most of them a dozen times, each line is read once, from a copy in `folder`.
    """
    root = ROOT
    if path.endswith(".json"):
        root, lines = folder, (ROOT / path).read_text(encoding="utf-8").splitlines()
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("\n".join(dict.fromkeys(lines)), encoding="utf-8")
    secrets = SecretsCollection(root=str(root))
    secrets.scan_file(path)
    return sorted({one.type for _, one in secrets})
