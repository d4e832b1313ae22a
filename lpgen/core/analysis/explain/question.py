"""The parsed questions to `explain`: each has a principal, an action, a resource and the known context."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from lpgen.core.analysis.grants.applicable_policies import known_context
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.patterns import parse_pattern
from lpgen.core.evidence import RecordedContext
from lpgen.core.explanations import Question
from lpgen.core.globs.match import fold_case, has_wildcard
from lpgen.core.iam.principals import PrincipalForm, principal_from_text
from lpgen.core.model import NO_RESOURCE, UNKNOWN_RESOURCE, Action, ActionPattern, Principal, Resource, ResourceKind
from lpgen.core.options import is_chosen
from lpgen.core.principal_names import hint_of_name
from lpgen.errors import InvocationError, quote_input

_MOST_CANDIDATES: Final = 8

_TAKES_NO_RESOURCE: Final = (
    "{action} takes no resource: only a statement on * grants it, so the named resource doesn't matter"
)
_TAKES_OTHERS: Final = "{action} takes no resource of that form; it takes {forms}"
_IS_SESSION: Final = "that is a session; ask about its role: {roles}"
_EXPAND: Final = "lpgen catalog expand '{pattern}' lists the actions of a pattern"


@dataclass(frozen=True, slots=True)
class WrittenQuestion:
    """A question as a person writes it. Without a resource, it is about any resource.

    `context` are condition values by key; the request doesn't have a key without values. `tags` are the known tags of
    the resource. `organization` has, by account, the known path of its organizational unit, such as `o-1/r-1/ou-1/`.
    """

    principal: str
    action: str
    resource: str = ""
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    organization: Mapping[str, str] = field(default_factory=dict)


def read_questions(asked: WrittenQuestion, principals: Sequence[Principal], catalog: Catalog) -> tuple[Question, ...]:
    """The parsed question, once for each of its principals.

    The context in the question takes precedence over facts about the principal.

    Raises:
        InvocationError: no principal or several principals match, or the action or the resource isn't valid.
    """
    askers = find_principals(principals, asked.principal)
    name, known = _read_action(asked.action, catalog)
    what, remarks = _read_resource(asked.resource, Action(name), catalog, known=known)
    similar = () if known else similar_actions(name, catalog)
    given = {fold_case(key): (key, values) for key, values in asked.context.items()}
    shown = catalog.resource_tag_keys(Action(name), what.text) if known and what.kind is ResourceKind.ARN else ()
    tags = {f"{shown_key}/{key}": (value,) for shown_key in shown for key, value in asked.tags.items()}

    def context_of(asker: Principal) -> dict[str, tuple[str, ...]]:
        certain = known_context(asker, what, RecordedContext(""))
        certain |= _organization_context(asked.organization.get(asker.account, "")) | tags
        return {key: values for key, values in certain.items() if fold_case(key) not in given} | dict(given.values())

    keys = tuple(key for key, _ in given.values())
    return tuple(Question(asker, name, known, similar, what, context_of(asker), keys, remarks) for asker in askers)


def _organization_context(path: str) -> dict[str, tuple[str, ...]]:
    """The condition keys for a principal's organization and its place in it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgid
    """
    if not path:
        return {}
    return {"aws:PrincipalOrgID": (path.partition("/")[0],), "aws:PrincipalOrgPaths": (path,)}


def find_principals(principals: Sequence[Principal], text: str) -> Sequence[Principal]:
    """The principal of a name, or the principals that a glob matches.

    Raises:
        InvocationError: no principal has the name, or several do; the hint names candidates.
    """
    found = [principal for principal in principals if text and is_chosen(principal, text)]
    if len(found) == 1 or (found and has_wildcard(text)):
        return found
    if found:
        raise InvocationError(
            f"{quote_input(text)} names {len(found)} principals", hint=f"use the ARN of one: {_listed(found)}"
        )
    session = principal_from_text(text)
    if session.form is PrincipalForm.ROLE_SESSION:
        behind = [
            principal
            for principal in principals
            if principal.account == session.account and principal.name == session.name
        ]
        hint = _IS_SESSION.format(roles=_listed(behind)) if behind else hint_of_name("", ())
    else:
        hint = hint_of_name(text, (principal.arn for principal in principals))
    raise InvocationError(f"the policies have no principal {quote_input(text)}", hint=hint)


def _listed(principals: Sequence[Principal]) -> str:
    shown = ", ".join(quote_input(principal.arn) for principal in principals[:_MOST_CANDIDATES])
    rest = len(principals) - _MOST_CANDIDATES
    return f"{shown} and {rest} more" if rest > 0 else shown


def _read_action(text: str, catalog: Catalog) -> tuple[str, bool]:
    """The action as the catalog spells it and True, or as in the question and False."""
    parsed = parse_pattern(ActionPattern(text))
    if isinstance(parsed, str):
        raise InvocationError(f"{quote_input(text)} isn't a valid action: {parsed}")
    if has_wildcard(text):
        hint = _EXPAND.format(pattern=text)
        raise InvocationError(f"{quote_input(text)} is a pattern; ask about one action", hint=hint)
    known = catalog.canonical(text)
    return (text, False) if known is None else (known, True)


def similar_actions(action: str, catalog: Catalog) -> tuple[str, ...]:
    """The closest names in the catalog to an unknown action: of the same service, else with the same name."""
    service, _, name = action.partition(":")
    same = catalog.service_actions(service)
    if same:
        return _closest(action, same)
    prefixes = get_close_matches(service.lower(), catalog.prefixes(), n=5, cutoff=0.5)
    named = [catalog.canonical(f"{prefix}:{name}") for prefix in prefixes]
    return tuple(action for action in named if action is not None)[:3]


def _closest(text: str, names: Iterable[str]) -> tuple[str, ...]:
    by_lower = {name.lower(): name for name in names}
    return tuple(by_lower[match] for match in get_close_matches(text.lower(), by_lower, n=3, cutoff=0.75))


def _read_resource(text: str, action: Action, catalog: Catalog, *, known: bool) -> tuple[Resource, tuple[str, ...]]:
    if text not in ("", "*") and not text.startswith("arn:"):
        raise InvocationError(
            f"{quote_input(text)} isn't a valid resource",
            hint="use an ARN, such as arn:aws:s3:::BUCKET/KEY, or leave it out",
        )
    if known and catalog.takes_no_resource(action):
        return NO_RESOURCE, (_TAKES_NO_RESOURCE.format(action=action),) if text not in ("", "*") else ()
    if text in ("", "*"):
        return UNKNOWN_RESOURCE, ()
    resource = Resource(ResourceKind.FOLD if has_wildcard(text) else ResourceKind.ARN, text)
    if known and not catalog.takes_resource(action, text):
        return resource, (_TAKES_OTHERS.format(action=action, forms=_forms(action, catalog)),)
    return resource, ()


def _forms(action: Action, catalog: Catalog) -> str:
    service = action.partition(":")[0]
    types = [use.type for use in catalog.detail(action).resources]
    forms = dict.fromkeys(form for resource_type in types for form in catalog.arn_formats(service, resource_type))
    return " or ".join([*forms][:4]) or f"a {' or '.join(types[:4])}"
