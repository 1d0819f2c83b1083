"""Probabilities to enter, dwell and exit. Pure.

match.py        fixes to zones: zone_share.py has the probabilities, nesting.py which zone lies in which
zone_index.py   which zones hold a point itself, exactly; presence does without
presence.py     the decision, with hysteresis, on event time; reference.py says it once more as a plain loop
"""
