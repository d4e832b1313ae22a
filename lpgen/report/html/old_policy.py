"""A policy in force as a listing: the actions that each line matches, how many of them were used, and the outcome."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from lpgen.core.evidence import StatementRef
from lpgen.core.findings import UNSEEN, ActionVerdict, Verdict, WildcardUse
from lpgen.core.model import AttachedPolicy, Effect, Policy
from lpgen.report.html.policy_listing import ACTION_ELEMENTS, Listing, Mark, Note, listing_of
from lpgen.report.pages.blocks import Line, bad, count, good, line, names, plural, strong
from lpgen.report.pages.parts import seen_note
from lpgen.report.views import PrincipalView


def old_listing(document: Policy, outcomes: Outcomes) -> Listing:
    """A policy in force, with the actions that each line matches and how many of them were used."""
    version = {"Version": document.version} if document.version else {}
    written = {**version, "Statement": [json.loads(one.text) for one in document.statements]}
    effects = [one.effect for one in document.statements]

    def noted(statement: int, element: str, value: str) -> Note | None:
        if not element:
            return outcomes.statement_note(statement, effects[statement])
        if element in ACTION_ELEMENTS and value and effects[statement] is Effect.ALLOW:
            return outcomes.action_note(statement, value)
        return None

    return listing_of(written, noted)


Granted = Mapping[tuple[str, str, int], Sequence[ActionVerdict]]
"""The verdicts on what each statement grants, by policy, group and place of the statement (from 0)."""


def granted_by_statement(verdicts: Iterable[ActionVerdict]) -> Granted:
    """The verdicts on the actions that each statement grants. Verdicts are many and statements few, so statements are
    first grouped by identity."""
    refs: dict[int, StatementRef] = {}
    found: dict[int, list[ActionVerdict]] = defaultdict(list)
    for one in verdicts:
        for ref in one.grants:
            refs[id(ref)] = ref
            found[id(ref)].append(one)
    granted: dict[tuple[str, str, int], list[ActionVerdict]] = defaultdict(list)
    for at, ref in refs.items():
        granted[ref.policy, ref.group, ref.index].extend(found[at])
    return granted


class Outcomes:
    """The notes on the statements of one policy, from the verdicts."""

    def __init__(self, view: PrincipalView, policy: AttachedPolicy, granted: Granted) -> None:
        self._view = view
        self._policy = policy.arn or policy.name, policy.group
        self._granted = granted
        self._wildcards = {
            (one.ref.index, str(one.pattern)): one
            for one in view.diff.wildcards
            if (one.ref.policy, one.ref.group) == self._policy
        }
        self._by_action: dict[int, dict[str, ActionVerdict]] = {}

    def statement_note(self, statement: int, effect: Effect) -> Note:
        """How many actions the statement grants, and their outcome."""
        if effect is Effect.DENY:
            return Note(Mark.STATEMENT, (line("a Deny: it is carried into the replacement as it is"),))
        found = self._granted.get((*self._policy, statement), ())
        seen = sum(one.verdict not in UNSEEN for one in found)
        first = line("grants ", strong(plural(len(found), "action")), f", of which {count(seen)} were seen in use")
        if not self._view.has_documents:
            return Note(Mark.STATEMENT, (first,))
        stays = sum(one.action in self._view.staying for one in found)
        then = line(good(f"{count(stays)} kept"), ", ", bad(f"{count(len(found) - stays)} removed"))
        return Note(Mark.STATEMENT, (first, then))

    def action_note(self, statement: int, pattern: str) -> Note | None:
        """The note on a pattern's matches, or on the seen use of an action."""
        wildcard = self._wildcards.get((statement, pattern))
        if wildcard:
            return _wildcard_note(wildcard)
        one = self._verdicts(statement).get(pattern.lower())
        if one is None:
            return None
        evidence = (seen_note(one.evidence),) if one.evidence else ()
        mark = Mark.IDLE if one.verdict in UNSEEN else Mark.SEEN
        return Note(mark, (line(strong(one.verdict), f": {one.reason}"), *evidence, *self._outcome_lines(one)))

    def _verdicts(self, statement: int) -> Mapping[str, ActionVerdict]:
        if statement not in self._by_action:
            found = self._granted.get((*self._policy, statement), ())
            self._by_action[statement] = {one.action.lower(): one for one in found}
        return self._by_action[statement]

    def _outcome_lines(self, one: ActionVerdict) -> tuple[Line, ...]:
        danger = (line(bad("dangerous: "), one.danger),) if one.danger and one.verdict in UNSEEN else ()
        if not self._view.has_documents:
            return danger
        stays = one.action in self._view.staying
        kept = f": {one.keep}" if one.keep and one.verdict is Verdict.UNOBSERVABLE else ""
        return *danger, line(good("kept") if stays else bad("removed"), kept if stays else "")


def _wildcard_note(one: WildcardUse) -> Note:
    what = "allows all but what matches it: " if one.not_action else "matches "
    first = line(what, strong(plural(one.expands_to, "action")), " today, and whatever AWS adds")
    if not one.used:
        return Note(Mark.IDLE, (first, line(bad("none of them was seen in use"))))
    return Note(Mark.SEEN, (first, line(f"{count(len(one.used))} seen in use: ", names(one.used, most=8))))
