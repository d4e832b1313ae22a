"""Whether a replacement is called safe: caveats with their rows and detectors, and the class of a principal."""
