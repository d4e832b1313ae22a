"""Messages of commands: status lines for stderr, and output that isn't a page."""
