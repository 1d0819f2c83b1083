"""Aislecast, put together: the command line, the all-in-one server, replay, the demo shop and its twin. Nothing imports this package."""

__version__ = "0.1.0"
