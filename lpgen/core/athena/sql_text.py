"""Names and texts in SQL as Athena reads it.

Source: https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html
"""

from __future__ import annotations


def identifier(name: str) -> str:
    """The name of a table or column, quoted: it is one name whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text, quoted: nothing in it ends it. Backslashes mean nothing special."""
    return "'" + text.replace("'", "''") + "'"
