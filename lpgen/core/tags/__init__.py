"""Proposes conditions on the tags of resources in place of wildcards: attribute-based access control."""
