"""What callers bring, into a venue's log, once. `accept.py` is the door, `admit.py` says who may pass, `clocks.py` whose time is off."""
