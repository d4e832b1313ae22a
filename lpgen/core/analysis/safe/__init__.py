"""Whether a replacement is called safe: what kind of case a principal is, its caveats, and what people decided."""
