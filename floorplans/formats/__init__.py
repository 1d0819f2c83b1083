"""Plan files, one format each. READERS is the whole list; files here do not import one another."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from floorplans.drawing import Drawn
from floorplans.formats import geojson

READERS: Final[Mapping[str, Callable[[Path], Drawn]]] = {"geojson": geojson.read}


def reader(name: str) -> Callable[[Path], Drawn]:
    """The format's reader; raises ValueError naming the known formats."""
    if name not in READERS:
        raise ValueError(f"unknown plan format {name!r}: known are {', '.join(READERS)}")
    return READERS[name]
