"""Tests of statistics and reports."""
