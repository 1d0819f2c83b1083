"""The tests. One thread of linear algebra each: several that wait for one another on a busy machine take a hundred times as long."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
