"""Renderers: a report value in, text out. `lpgen.report.render` lists the formats."""
