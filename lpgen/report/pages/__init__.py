"""Pages made of blocks, for all output formats."""
