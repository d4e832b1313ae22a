"""Reads back what Terraform would make of rendered files: python-hcl2 for the blocks, and the rules of strings by hand.

https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#template-expressions
"""

from __future__ import annotations

import json
import re
from typing import Any

import hcl2

Json = dict[str, Any]
_SHORT = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def read_blocks(text: str) -> Json:
    """Every block by type and label, or by type and two labels."""
    found: Json = {}
    for kind, blocks in hcl2.loads(text).items():
        for block in blocks if kind != "__comments__" else ():
            for label, body in block.items():
                if isinstance(body, dict) and kind in ("data", "resource"):
                    for name, inner in body.items():
                        found[f"{kind}.{read_quoted(label)}.{read_quoted(name)}"] = inner
                else:
                    found[f"{kind}.{label}"] = body
    return found


def read_quoted(text: str) -> str:
    """The text that a quoted string means; fails where it would interpolate anything."""
    assert len(text) >= 2
    assert text[0] == text[-1] == '"'
    return _read_template(text[1:-1], escapes=True)


def read_heredoc(text: str) -> str:
    """The text that a heredoc means, in which a backslash is a backslash."""
    found = re.fullmatch(r'"?<<POLICY\n(.*\n)POLICY"?', text, re.DOTALL)
    assert found
    return _read_template(found[1], escapes=False)


def _read_template(text: str, *, escapes: bool) -> str:
    parts: list[str] = []
    at = 0
    while at < len(text):
        rest = text[at:]
        signs = re.match(r"(\$+|%+)\{", rest)
        if signs:
            assert len(signs[1]) == 2, f"interpolates: {rest[:20]!r}"
            parts.append(signs[1][0] + "{")
            at += 3
        elif escapes and rest[0] == "\\":
            long = re.match(r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8}))", rest)
            parts.append(chr(int(long[1] or long[2], 16)) if long else _SHORT[rest[1]])
            at += len(long[0]) if long else 2
        else:
            assert not escapes or rest[0] not in '\n"'
            parts.append(rest[0])
            at += 1
    return "".join(parts)


def policy_of_data(block: Json) -> Json:
    """The document that `aws_iam_policy_document` makes of its arguments."""
    version = read_quoted(block["version"])

    def value(text: str) -> str:
        found = read_quoted(text)
        assert version != "2008-10-17" or "&{" not in found  # the provider refuses it
        return found.replace("&{", "${")

    statements = []
    for one in block["statement"]:
        statement: Json = {"Effect": read_quoted(one["effect"])}
        if "sid" in one:
            statement["Sid"] = read_quoted(one["sid"])
        for name, key in (("actions", "Action"), ("not_actions", "NotAction")):
            if name in one:
                statement[key] = [read_quoted(text) for text in one[name]]
        for name, key in (("resources", "Resource"), ("not_resources", "NotResource")):
            if name in one:
                statement[key] = [value(text) for text in one[name]]
        for condition in one.get("condition", []):
            tests = statement.setdefault("Condition", {}).setdefault(read_quoted(condition["test"]), {})
            tests[read_quoted(condition["variable"])] = [value(text) for text in condition["values"]]
        statements.append(statement)
    return {"Version": version, "Statement": statements}


def normal(document: Json) -> str:
    """A document with single values as lists, and lists in order, since IAM makes no difference."""
    statements = document["Statement"]
    return json.dumps(
        {
            **document,
            "Statement": [
                _normal(statement) for statement in (statements if isinstance(statements, list) else [statements])
            ],
        },
        sort_keys=True,
    )


def _normal(value: Any) -> Any:
    fields: Json = {}
    for key, one in value.items():
        if key in ("Action", "NotAction", "Resource", "NotResource"):
            fields[key] = sorted(one if isinstance(one, list) else [one])
        elif key == "Condition":
            fields[key] = {
                operator: {
                    name: sorted(found if isinstance(found, list) else [found], key=repr)
                    for name, found in tests.items()
                }
                for operator, tests in one.items()
            }
        elif key != "Sid" or one:
            fields[key] = one
    return {key: one for key, one in fields.items() if key != "Condition" or one}
