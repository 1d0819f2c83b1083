"""The demo shop: who shops there, what marketing has planned (`shop.py`), who walks up (`walk.py`), all of it at work (`world.py`), and
what its radios are calibrated by (`calibration.py`)."""
