"""Tests of what happens outside: fences on the earth, GPS reports, arrivals."""
