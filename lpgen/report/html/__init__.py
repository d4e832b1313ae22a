"""Reports as one HTML file each, laid out for a browser that has no network: the review, and plain pages."""

from lpgen.report.html.page import review_html
from lpgen.report.html.plain import blocks_html

__all__ = ["blocks_html", "review_html"]
