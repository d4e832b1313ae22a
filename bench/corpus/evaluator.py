"""Whether a principal's identity policies allow an action on a resource: a second opinion, not lpgen's.

It knows what the corpus writes: `Allow` and `Deny` with `Action` or `NotAction` and `Resource`, without conditions.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

Document = dict[str, Any]


class Evaluator:
    """Decides requests against one principal's policy documents."""

    def __init__(self, documents: Iterable[Document], boundary: Document | None = None) -> None:
        self._statements = [_Statement(one) for document in documents for one in document["Statement"]]
        self._answers: dict[str, list[_Statement]] = {}
        self._boundary = Evaluator([boundary]) if boundary else None

    def allows(self, action: str, resource: str) -> bool:
        """Whether some statement allows it, none denies it, and the permissions boundary allows it too."""
        about = self._answers.get(action)
        if about is None:
            about = self._answers[action] = [one for one in self._statements if one.names(action)]
        met = {one.effect for one in about if one.reaches(resource)}
        return met == {"Allow"} and (self._boundary is None or self._boundary.allows(action, resource))

    def services(self, known: Iterable[str]) -> list[str]:
        """The services for which some statement allows any action."""
        return [one for one in known if any(statement.grants_of(one) for statement in self._statements)]


class _Statement:
    def __init__(self, statement: Document) -> None:
        self.effect = statement["Effect"]
        self._negated = "NotAction" in statement
        self._actions = _pattern(statement["NotAction" if self._negated else "Action"], re.IGNORECASE)
        named = [statement["Action"]] if isinstance(statement.get("Action"), str) else statement.get("Action", ())
        self._services = _pattern([one.partition(":")[0] for one in named], re.IGNORECASE)
        self._resources = _pattern(statement["Resource"])

    def names(self, action: str) -> bool:
        return (self._actions.fullmatch(action) is not None) != self._negated

    def grants_of(self, service: str) -> bool:
        return self.effect == "Allow" and (self._negated or self._services.fullmatch(service) is not None)

    def reaches(self, resource: str) -> bool:
        return self._resources.fullmatch(resource) is not None


def _pattern(globs: str | Sequence[str], flags: int = 0) -> re.Pattern[str]:
    listed = [globs] if isinstance(globs, str) else globs
    texts = ("".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in glob) for glob in listed)
    return re.compile("|".join(f"(?:{text})" for text in texts), flags | re.DOTALL)
