"""Scopes: how far beyond the seen resources a line may reach, by what the logs show of resources of their kind."""
