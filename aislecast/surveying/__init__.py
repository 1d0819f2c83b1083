"""Surveying: from a walk in one's own shop to a recording, and from a recording to a calibration. Begin at `own_walk.py`."""
