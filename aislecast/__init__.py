"""Aislecast, put together: the command line, the all-in-one server, replay, the demo shop and its twin. Nothing imports this package."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # several that wait for one another on a busy machine take a hundred times as long

__version__ = "0.1.0"
