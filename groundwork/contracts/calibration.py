"""Calibrations of a venue, as the API tells of them; the file itself is the one that `aislecast calibrate` writes."""

from typing import Annotated

import msgspec

from groundwork.contracts.ids import CalibrationId, PlanVersionId, TenantId, VenueId


class CalibrationFit(msgspec.Struct, frozen=True, kw_only=True):
    """What of a calibration and the plan in force does not belong together; all empty where everything does."""

    plan_version: PlanVersionId
    unplaced: list[str]
    """Radios of the file that are not on the plan: no effect."""
    unknown: list[str]
    """Radios on the plan of which the file says nothing: taken for ordinary ones."""
    moved: list[str]
    """Radios that hang elsewhere than when the file was made: their radio map is left out."""
    levels: list[str]
    """Levels of the file that are not on the plan: no effect."""


class KeptCalibration(msgspec.Struct, frozen=True, kw_only=True):
    """One that was handed in."""

    id: CalibrationId
    made_ms: int
    """When it was handed in."""
    made_by: str
    recording: str
    """What it was learned from, as the file says; empty where it does not."""
    recording_sha256: str
    size: int
    """Of the file, in bytes."""


class CalibrationHeld(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds, and how far it fits."""

    version: int = 1
    tenant: TenantId
    venue: VenueId
    kept: KeptCalibration
    in_force: bool
    gains: int
    """Radios with a gain."""
    maps: int
    """Levels with a radio map."""
    prints: int
    """Places with prints."""
    exponent: float
    reference_dbm: float
    noise_db: float
    notes: list[str]
    fit: CalibrationFit | None
    """None where no plan is in force."""


class CalibrationUsed(msgspec.Struct, frozen=True, kw_only=True):
    """From when on a calibration was in force, by whose hand; `id` is None where none was from then on."""

    id: CalibrationId | None
    since_ms: int
    used_by: str


class VenueCalibrations(msgspec.Struct, frozen=True, kw_only=True):
    """All that a venue has, and which one is in force."""

    version: int = 1
    tenant: TenantId
    venue: VenueId
    in_force: CalibrationUsed | None
    """None where none ever was."""
    fit: CalibrationFit | None
    """Of the one in force; None where none is, or no plan."""
    calibrations: list[KeptCalibration]
    """The newest first."""
    history: list[CalibrationUsed]
    """What was in force, the newest first, as far as the last fifty changes."""


class UseCalibrationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which calibration is to be in force; None for none."""

    version: int = 1
    id: Annotated[str, msgspec.Meta(max_length=64)] | None
