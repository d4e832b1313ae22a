"""Where the reading of logs runs: processes of this machine, a Dask cluster, a Spark cluster."""
