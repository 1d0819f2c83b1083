"""What a plan file gives: levels and zones before they belong to a venue and a version; and how a bad file is refused."""

from typing import NamedTuple

from floorplans.model import Level, Zone


class Drawn(NamedTuple):
    """What was drawn; a level that only obstacles or zones name has an empty outline."""

    levels: tuple[Level, ...]
    zones: tuple[Zone, ...]


class PlanFileError(ValueError):
    """A plan file cannot be read; the text names the file, the place in it, and what was expected there."""
