"""Position estimators, one file each, in the order they came; an unknown name raises and lists the known ones."""

from typing import Final

from geofence.locate import grid, nearest, path_loss, weighted_centroid
from geofence.positioning.hearing import memoryless
from geofence.positioning.locator import Maker

LOCATORS: Final[dict[str, Maker]] = {
    "weighted_centroid": memoryless(weighted_centroid.locate),
    "nearest": memoryless(nearest.locate),
    "path_loss": path_loss.locate,
    "grid": grid.locate,
}


def locator(name: str) -> Maker:
    """What makes the estimator called `name` for a plan; raises ValueError with the known names."""
    if name not in LOCATORS:
        raise ValueError(f"no locator is called {name!r}; known are {', '.join(LOCATORS)}")
    return LOCATORS[name]
