"""The engines that read logs: processes of this machine, a Dask cluster, a Spark cluster."""
