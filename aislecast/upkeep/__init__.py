"""Upkeep of an installation: the doctor, backups, the log file, and the bundle for whoever is asked for help."""
