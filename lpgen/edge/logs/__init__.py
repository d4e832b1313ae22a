"""Log files: finding them, inflating them, and distinguishing their records from other content."""
