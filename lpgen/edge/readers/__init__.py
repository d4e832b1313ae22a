"""Files that people give an analysis: policies, guards, trail settings, last accessed reports, decisions."""
