"""Tests of what others are told."""
