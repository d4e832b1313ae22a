"""Names and texts in SQL as Athena reads it.

Source: https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html
"""

from __future__ import annotations


def identifier(name: str) -> str:
    """The name of a table or column, quoted so that it is one whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text, quoted so that nothing in it ends it. Backslashes mean nothing special."""
    return "'" + text.replace("'", "''") + "'"
