"""Functions that escape text from logs and policies, one for each kind of output.

Callers choose the names in logs and policies. Unescaped, such a name could clear a terminal, reverse the reading order,
mention people in a pull request or open a link. Every renderer passes every text through one of these functions.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

_PLAIN_WORD: Final = re.compile(r"\(?[A-Za-z0-9][A-Za-z0-9'-]*(?:[,;][A-Za-z0-9'-]+)*\)?")
_SIGN: Final = re.compile(r"[→–%]|[0-9][0-9,]*/[0-9][0-9,]*|[0-9]+\.[0-9]+")
_TAIL: Final = re.compile(r"[,;:.)?]*\Z")  # not `$`, which also matches before a last line break
_REFERENCE: Final = re.compile(r"\b([0-9a-f]{7,}|gh-[0-9]+)\b", re.IGNORECASE)  # GitHub links commits and issues
_LIST_MARK: Final = re.compile(r"[0-9]+[.)]")
_SARIF_MARKS: Final = str.maketrans({"[": "\\[", "]": "\\]", "{": "{{", "}": "}}"})
_LONGEST_QUOTE: Final = 20  # words
_BACKTICKS: Final = re.compile(r"`+")


def terminal_text(text: str) -> str:
    """The text on one line, with invisible characters escaped and backslashes doubled.

    This escapes control characters, terminal sequences, line breaks, direction overrides, invisible and unassigned
    characters, and lone surrogates. Different texts stay different.
    """
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_visible, text))


def sarif_text(text: str) -> str:
    """The text as part of a SARIF message, in which brackets are links and braces are placeholders.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, sections 3.11.5 and 3.11.6
    """
    return terminal_text(text).translate(_SARIF_MARKS)


def markdown_code(text: str) -> str:
    """The text as a code span for inline Markdown and table cells.

    Inside a code span, nothing is a link, a mention, HTML or emphasis. The fence is longer than any run of backticks in
    the text. https://github.github.com/gfm/#code-spans and, for the pipe, https://github.github.com/gfm/#example-200
    """
    shown = terminal_text(text)
    if not shown.strip():
        return f"<code>{'&#32;' * len(shown)}</code>" if shown else "<code></code>"
    fence = "`" * (max(map(len, _BACKTICKS.findall(shown)), default=0) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}".replace("|", "\\|")


def markdown_prose(text: str) -> str:
    """The text as Markdown prose. Plain words are unchanged; a word with other characters becomes a code span."""
    parts: list[str] = []
    coded: list[str] = []
    for token in _tokens(text):
        core, tail = _split_tail(token)
        quoted = len(core) > 2 and core[0] == core[-1] == "`" and "`" not in core[1:-1]
        if not quoted and _is_plain(core) and not _LIST_MARK.fullmatch(token):
            parts.extend(_flush(coded, ""))
            parts.append(token)
            continue
        coded.append(core[1:-1] if quoted else core)
        if quoted or tail:
            parts.extend(_flush(coded, tail))
    return " ".join([*parts, *_flush(coded, "")])


def html_code(text: str) -> str:
    """The text as an HTML `code` element, for places without Markdown, such as the summary of a fold."""
    return f"<code>{html.escape(terminal_text(text))}</code>"


def _visible(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _tokens(text: str) -> Iterator[str]:
    """The words of a text. Text in backticks is one word; an unpaired backtick is an ordinary character."""
    words = list(filter(None, text.split(" ")))
    at = 0
    while at < len(words):
        end = at + 1
        if words[at].startswith("`") and words[at].count("`") == 1:
            ends = (n for n in range(at + 1, min(at + _LONGEST_QUOTE, len(words))) if "`" in words[n])
            found = next(ends, 0)
            if found and words[found].count("`") == 1 and _split_tail(words[found])[0].endswith("`"):
                end = found + 1
        yield " ".join(words[at:end])
        at = end


def _split_tail(token: str) -> tuple[str, str]:
    found = _TAIL.search(token)
    at = found.start() if found else len(token)
    if token.startswith("(") and token.endswith(")") and at == len(token) - 1:
        at = len(token)
    return token[:at], token[at:]


def _is_plain(word: str) -> bool:
    plain = not word or _PLAIN_WORD.fullmatch(word) is not None or _SIGN.fullmatch(word) is not None
    return plain and not _REFERENCE.search(word)


def _flush(coded: list[str], tail: str) -> list[str]:
    if not coded:
        return []
    span = markdown_code(" ".join(coded)) + tail
    coded.clear()
    return [span]


def spreadsheet_text(text: str) -> str:
    """The text as a one-line spreadsheet cell that is read as text. The original text can be recovered from it.

    Unprintable characters and backslashes are escaped. A text that would be a formula (in ASCII or full width), or that
    starts with an apostrophe, gets a leading apostrophe. https://owasp.org/www-community/attacks/CSV_Injection
    """
    shown = terminal_text(text)
    return f"'{shown}" if shown.startswith(tuple("=+-@＝＋－＠'")) else shown
