"""The caveats: reasons why a replacement isn't called safe, with their detectors, and the class of a principal."""
