"""Position estimators, one file each, in the order they came; an unknown name raises and lists the known ones."""

from typing import Final

from geofence.locate import nearest, weighted_centroid
from geofence.locator import Locator

LOCATORS: Final[dict[str, Locator]] = {
    "weighted_centroid": weighted_centroid.locate,
    "nearest": nearest.locate,
}


def locator(name: str) -> Locator:
    """The estimator called `name`; raises ValueError with the known names."""
    if name not in LOCATORS:
        raise ValueError(f"no locator is called {name!r}; known are {', '.join(LOCATORS)}")
    return LOCATORS[name]
