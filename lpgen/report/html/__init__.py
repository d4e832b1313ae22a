"""Reports as HTML for a browser without network access."""
