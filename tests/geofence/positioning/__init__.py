"""Tests of how places are found: beliefs, maps, calibration."""
