"""How Sphinx makes a site of the documents: `make docs`.

The sources are the pages of the whole repository where they are. So a link leads to the same place on the site as in a
checkout.
"""

from pathlib import Path

from lpgen.version import __version__

project = "lpgen"
author = "The lpgen authors"
version = release = __version__
root_doc = f"{Path(__file__).parent.name}/index"
include_patterns = ["*.md", "docs/*.md", "sample_logs/README.md", "action_catalog/SOURCES.md"]
extensions = ["myst_parser"]
myst_heading_anchors = 6

html_theme = "furo"
html_title = f"lpgen {release}"
html_show_copyright = False
html_show_sourcelink = False
html_extra_path = ["site"]
