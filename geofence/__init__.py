"""Sightings and ranging reports to fixes, zones, enter / dwell / exit and visits. Read `pipeline.py` first: the stages, in order."""
