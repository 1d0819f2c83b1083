"""Property tests here draw the same examples in each run, and take the time a busy machine needs."""

from hypothesis import settings

settings.register_profile("seeded", derandomize=True, deadline=None)
settings.load_profile("seeded")
