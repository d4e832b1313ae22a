"""The registry of findings: one row per kind of caveat, drift finding and refusal. Code detects; rows say the rest."""
