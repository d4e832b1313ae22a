"""Scopes: the resources of a line beyond those that were used, by the evidence in the logs."""
