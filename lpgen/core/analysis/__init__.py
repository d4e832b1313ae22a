"""The analysis: grants against use, replacements, and their proof."""
