"""Seeded measurements, each beside its yardstick; run one as `python -m benchmarks.<name> [--json]`."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # several that wait for one another on a busy machine take a hundred times as long
