"""Routes of places: venues, drafts, versions, and files and pictures of plans."""
