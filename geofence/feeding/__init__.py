"""Third-party boxes: their payloads through the same gate as our own boxes' adverts, and then the same way.

feed.py       what a payload says, whoever sent it; the readers are in `feeds/`, one for each kind of box
sieve.py      what of it may be kept
intake.py     the rest, as windows and batches, to `intake/accept.py`
line.py       one feed's line to its broker; loop.py keeps them, registry.py knows which there are
"""
