"""The parts of Terraform's language that lpgen writes, laid out like `terraform fmt`.

https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lpgen.report.escaping import terminal_text

_STEP: Final = "  "
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_TEMPLATE: Final = re.compile(r'(\$+|%+)\{(?=([^{}"\\$%]*\})?)')
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7e]+")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One argument of a block. `value` is an expression and may have several lines."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Block:
    """A block with its labels, arguments and blocks in order."""

    type: str
    labels: tuple[str, ...]
    body: tuple[Attribute | Block, ...]


def hcl_string(text: str) -> str:
    """The text as a quoted string that means exactly this text, without interpolation or invisible characters.

    `$${` and `%%{` mean `${` and `%{`. If the text isn't a complete variable, the sign is written as an escape instead:
    repeated signs would be read as an interpolation, and some readers reject an interpolation without an end.

    Raises:
        ValueError: the text has a lone surrogate, which has no escape.
    """
    whole = "".join(map(_escaped, text))
    return f'"{_TEMPLATE.sub(_template_escape, whole)}"'


def hcl_list(values: Iterable[str]) -> str:
    """A list of expressions, on one line if there is at most one, otherwise one per line."""
    found = list(values)
    if len(found) < 2:
        return f"[{''.join(found)}]"
    return "\n".join(["[", *(f"{_STEP}{value}," for value in found), "]"])


def hcl_heredoc(json_text: str) -> str:
    """A JSON text as a heredoc. Characters that a heredoc can't hold are written as JSON escapes.

    No line of a JSON text equals the end mark.
    """
    ascii_text = _BEYOND_ASCII.sub(lambda found: json.dumps(found.group())[1:-1], json_text.strip())
    return f"<<POLICY\n{_TEMPLATE.sub(_template_escape, ascii_text)}\nPOLICY"


def hcl_comments(lines: Iterable[str]) -> str:
    """Comment lines. Each text stays on one line, whatever it contains."""
    return "".join(f"# {terminal_text(line)}".rstrip() + "\n" for line in lines)


def render_block(block: Block, indent: str = "") -> str:
    """The block as text that ends with a line break."""
    labels = "".join(f' "{label}"' for label in block.labels)
    inner = indent + _STEP
    parts: list[str] = []
    attributes: list[Attribute] = []
    for attribute in block.body:
        if isinstance(attribute, Attribute):
            attributes.append(attribute)
            continue
        parts.append(_render_attributes(attributes, inner))
        attributes = []
        parts.append(render_block(attribute, inner))
    parts.append(_render_attributes(attributes, inner))
    return f"{indent}{block.type}{labels} {{\n" + "\n".join(filter(None, parts)) + f"{indent}}}\n"


def _render_attributes(attributes: Sequence[Attribute], indent: str) -> str:
    """Arguments. The equals signs of adjacent one-line values are aligned."""
    lines: list[str] = []
    for at, attribute in enumerate(attributes):
        width = _width_of_run(attributes, at)
        value = attribute.value if attribute.value.startswith("<<") else attribute.value.replace("\n", f"\n{indent}")
        lines.append(f"{indent}{attribute.name:<{width}} = {value}\n")
    return "".join(lines)


def _width_of_run(attributes: Sequence[Attribute], at: int) -> int:
    if "\n" in attributes[at].value:
        return len(attributes[at].name)
    first = last = at
    while first and "\n" not in attributes[first - 1].value:
        first -= 1
    while last + 1 < len(attributes) and "\n" not in attributes[last + 1].value:
        last += 1
    return max(len(attribute.name) for attribute in attributes[first : last + 1])


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if 0xD800 <= code < 0xE000:
        raise ValueError("a lone surrogate")
    if character.isprintable():
        return character
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _template_escape(found: re.Match[str]) -> str:
    signs, end = found[1], found[2]
    return f"{signs * 2}{{" if len(signs) == 1 and end else f"\\u{ord(signs[0]):04x}" * len(signs) + "{"
