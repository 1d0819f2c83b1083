"""Outside: a phone's GPS reports become "approaching", "arrived" and "left", before any gateway has heard her.

    POST /v1/gps-reports
      -> read       one, many or columns; the impossible ends here                    reading.py, frame.py
      -> match      which fences hold each point, and how far it is from them          matching.py, cell_index.py, fences.py
      -> log        one entry a batch, keyed by shopper; durable before the answer     accept.py, reported.py
      -> presence   enter, dwell and exit of fences, on event time                     engine.py, presence_kernel.py
      -> here       zone events, visits and arrivals become rows; the venue's log is told of the visit   pipeline.py

Coordinates end at the second arrow: the log and everything behind it know how far she was from which fence, and nothing else.
"""
