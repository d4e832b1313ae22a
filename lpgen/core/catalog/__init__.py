"""The action catalog: canonical names, expansion of patterns, and which resources an action takes."""
