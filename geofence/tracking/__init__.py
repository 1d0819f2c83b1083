"""One venue's engine: rows in, zone changes and visits out, on event time, the same whatever the order of arrival. Pure.

engine.py      log entries in, outcome out; outcome.py says what that is
watermark.py   up to when all is in; pending.py keeps what waits, late.py works off what comes after it
    spans.py       who was followed when
following.py   moment after moment: hear (moments.py), locate, match, presence
gains.py, identities.py, sickness.py   which gateways read loud, which names are borne twice, who does not hear what it should
snapshot.py    all of it as bytes and back
visit_links.py a visit begun outside goes on inside
"""
