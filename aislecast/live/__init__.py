"""Live: what a running server shows on a terminal. `watch.py` fills the state, `view.py` draws it; the flow knows of neither."""
