"""Telling others what happened in a venue: all of it follows the venue's chronicle (`follow.py`).

cloud_events.py   in which words
webhooks.py       to whom, at least once and by one id
desk.py           where an admin keeps them
"""
