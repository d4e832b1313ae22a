"""The pure core: no files, network, clock, environment or randomness in here."""
