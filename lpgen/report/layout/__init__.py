"""How blocks become text for a terminal or Markdown."""
