"""What was heard to places, and what a calibration knows: the arithmetic behind the estimators in `locate/`. Pure.

locator.py     the interface: columns in, columns out
anchors.py     the fixed radios of a plan, and what is expected to be heard where
hearing.py     what each device heard lately
cells.py       the walkable floor in squares
belief.py      where a device may be, cell by cell; compiled in belief_kernel.py, in plain numpy in belief_plain.py
prints.py      what a place sounds like, where nobody knows where the beacons hang; placing.py finds them
level_share.py on which level a device is, weighed apart from where on it
calibrate.py   a walk with known places to a calibration; radio_field.py makes its maps
"""
