"""Log files: finding them, inflating them, and telling their records from what else lies there."""
