"""An ingest at work: what is new, what a worker does with it, and what becomes of the data folder."""
