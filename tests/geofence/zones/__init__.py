"""Tests of zones and presence."""
