"""Reports as HTML, laid out for a browser that has no network."""
