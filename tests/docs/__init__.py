"""Tests that compare the docs with the code: what is not compared drifts."""
