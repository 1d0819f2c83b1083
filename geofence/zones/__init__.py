"""Probabilities to enter, dwell and exit. Pure.

match.py        fixes to zones: zone_share.py has the probabilities, zone_index.py the exact answer, nesting.py which zone lies in which
presence.py     the decision, with hysteresis, on event time; reference.py says it once more as a plain loop
"""
