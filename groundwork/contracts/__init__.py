"""The messages that cross a process boundary, and the ids in them: data only, no behaviour.

Every message carries `version` and `tenant`. A new field gets a default, a golden message of the new version joins
`tests/contracts`, and the old ones stay readable. Binary forms are in `codec.py`; the streams and topics in `subjects.py`.
"""
