"""IMDF 1.0.0, the Indoor Mapping Data Format (OGC 20-094): a zip of GeoJSON collections, one for each feature type.

Coordinates are WGS 84. `reading.py` takes any archive, also one with faults, and says what they were; `writing.py` writes the same bytes
for the same plan, so that writing, reading and writing again changes nothing. What IMDF has no word for (our ids, kinds and frames,
placements, products on shelves) goes along as a declared extension that other readers pass over.
"""

from floorplans.formats.imdf.reading import knows, read
from floorplans.formats.imdf.writing import write

__all__ = ["knows", "read", "write"]
