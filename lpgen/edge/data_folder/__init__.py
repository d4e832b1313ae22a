"""The contents of a data folder: the ledger, usage tables, baselines and snapshots."""
