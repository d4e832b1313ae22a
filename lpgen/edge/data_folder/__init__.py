"""What lies in a data folder: the ledger, usage tables, baselines and snapshots."""
