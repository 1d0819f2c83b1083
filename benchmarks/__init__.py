"""Seeded measurements, each beside its yardstick; run one as `python -m benchmarks.<name> [--json]`."""
