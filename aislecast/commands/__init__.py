"""The commands of `aislecast`, one file each; adding one is a file and a line in COMMANDS.

Each says what it is for (SUMMARY), takes its arguments, and runs. Heavy libraries and services are imported inside `run`,
so that `--help` and a typing error answer at once.
"""

import argparse
from collections.abc import Mapping
from typing import Protocol

from aislecast.arguments import Parser
from aislecast.commands import (
    audit,
    backup,
    calibrate,
    calibration,
    consent,
    db,
    doctor,
    feed,
    operator,
    plan,
    recording,
    replay,
    restore,
    retention,
    support_bundle,
    till,
    twin,
    up,
    visits,
)
from aislecast.words import Voice
from groundwork.plumbing.reasons import Words


class Command(Protocol):
    """What a file in this folder offers."""

    @property
    def SUMMARY(self) -> Words:  # noqa: N802 # a constant of the module
        """One line in the list of commands."""
        ...

    def add_arguments(self, parser: Parser, voice: Voice) -> None:
        """Tells `parser` what can be typed."""
        ...

    def run(self, args: argparse.Namespace, voice: Voice) -> int:
        """Does it and returns the exit code; raises Stop where it cannot."""
        ...


COMMANDS: Mapping[str, Command] = {
    "up": up,
    "replay": replay,
    "recording": recording,
    "calibrate": calibrate,
    "calibration": calibration,
    "twin": twin,
    "till": till,
    "doctor": doctor,
    "db": db,
    "plan": plan,
    "visits": visits,
    "feed": feed,
    "consent": consent,
    "operator": operator,
    "audit": audit,
    "retention": retention,
    "backup": backup,
    "restore": restore,
    "support-bundle": support_bundle,
}
