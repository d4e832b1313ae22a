"""Whether a replacement is called safe: the class of a principal, its caveats, and people's decisions."""
