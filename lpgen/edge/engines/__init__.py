"""The engines that read logs: local processes, a Dask cluster, or a Spark cluster."""
