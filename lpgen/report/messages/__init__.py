"""The messages of commands about what they did: sentences for stderr, and output that isn't a page."""
