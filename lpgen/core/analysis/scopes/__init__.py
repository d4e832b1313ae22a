"""Scopes: how far from the resources that were seen a line may reach, by what the logs say of their kind."""
