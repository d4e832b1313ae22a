"""The action catalog: canonical names, expansion of patterns, and the resources of actions."""
