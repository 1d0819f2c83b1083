"""Replaying: a recorded walk through the code of a live shop, what came of it, and how near the truth that was. Begin at `replay.py`."""
