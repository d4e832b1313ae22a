"""Requests of a role that tests have explained, and the walls and statements of the explanation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from lpgen.core.analysis.explain.explanation import explain
from lpgen.core.analysis.explain.question import WrittenQuestion, read_questions
from lpgen.core.analysis.explain.use import seen_uses
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.explanations import ExplainedStatement, ExplainedWall, Explanation, Question, SeenUses
from lpgen.core.guards import NO_GUARDS, Guards
from lpgen.core.iam.decision import Layer
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Policy, Principal
from lpgen.core.usage.tables import Usage
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.worlds import catalog

IMAGES = "arn:aws:s3:::images/cat.png"


@cache
def whole_catalog() -> Catalog:
    """The bundled catalog; that of the small worlds lacks most services."""
    return bundled_catalog()


def document(*statements: Mapping[str, Any]) -> Policy:
    """A policy of these statements."""
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return policy_from_json(text, place="test")


def read_question(asked: WrittenQuestion, principals: Sequence[Principal], actions: Catalog) -> Question:
    """The question about one principal."""
    (question,) = read_questions(asked, principals, actions)
    return question


def seen_use(question: Question, usage: Usage, principals: Sequence[Principal], actions: Catalog) -> SeenUses:
    """What the usage shows to one question."""
    (found,) = seen_uses([question], usage, principals, actions)
    return found


def ask(
    principal: Principal,
    action: str,
    resource: str = "",
    *,
    guards: Guards = NO_GUARDS,
    context: Mapping[str, tuple[str, ...]] | None = None,
    others: Iterable[Principal] = (),
    actions: Catalog | None = None,
    organization: Mapping[str, str] | None = None,
) -> Explanation:
    """The explanation of a request; `others` are principals beside the one that makes it, `organization` has the paths
    of accounts in theirs."""
    principals = (principal, *others)
    known = actions or catalog()
    asked = WrittenQuestion(principal.arn, action, resource, context or {}, organization=organization or {})
    question = read_question(asked, principals, known)
    return explain(question, guards.with_trust(principals), known)


def wall(found: Explanation, layer: Layer, level: int = 0) -> ExplainedWall:
    """The one wall of a layer, or of a level of it."""
    (one,) = (wall for wall in found.walls if (wall.layer, wall.level) == (layer, level))
    return one


def statements(found: Explanation, layer: Layer = Layer.IDENTITY) -> tuple[ExplainedStatement, ...]:
    """The statements that the explanation names in a layer."""
    return wall(found, layer).statements
