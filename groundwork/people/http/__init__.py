"""Routes of people and keys, one file per subject; `people/app.py` puts them together."""
