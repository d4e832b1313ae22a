"""The review as one HTML file: what `lpgen.report` says of a report, laid out for a browser that has no network."""

from lpgen.report.html.page import review_html

__all__ = ["review_html"]
