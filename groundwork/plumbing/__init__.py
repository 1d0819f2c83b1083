"""Settings, clock, ids, database, bus, HTTP, telemetry: behaviour that knows no noun of the trade.

Everything a service needs from outside comes in as an argument made here and handed over by `app.py`.
"""
