"""Runs an ingest: finds new files, reads them in workers, and commits their usage to the data folder."""
