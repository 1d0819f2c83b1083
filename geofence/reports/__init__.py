"""What a venue's days were like, of which nothing tells of a few shoppers.

statistics.py   the chronicle, counted cell by cell, each number once
visits.py       the reports made of it
disclosure.py   what of a count may be shown; report_grid.py has the quarters, hours, days and weeks
"""
