"""The twin: a simulated shop with shelves, shoppers and radio physics, and its own ground truth.

It stands where the radio stands: what it gives is adverts, ranging and baskets, never fixes or decisions. Read `twin.py` first;
`shop.py` is the demo supermarket, `shoppers.py` the people, `radio.py` the physics; `recording.py` reads the same from real walks.
Everything follows from a seed. Nothing here sees the flow services, the database or the rest of `aislecast`.
"""
