"""Pages in words, made of blocks that every output form shares."""
