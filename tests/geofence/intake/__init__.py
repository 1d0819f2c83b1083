"""Tests of what callers bring."""
