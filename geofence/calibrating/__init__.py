"""Calibrations of venues in a running deployment: kept, put in force, and taken back.

keep.py     an operator's file into the venue's list, and which one is in force from now on
drop.py     off the list again, where nothing can ask for it any more
known.py    the calibrations in memory, for ingest, which says in every log entry which one is in force, and for the engines

What is in a file is `positioning/anchors.py`'s; what of it holds on a plan, `positioning/fitting.py`'s.
"""
