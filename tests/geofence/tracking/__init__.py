"""Tests of a venue's engine: order, lateness, restarts, broken gateways."""
