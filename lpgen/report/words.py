"""The words of pages for classes, walls, reasons and principals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lpgen.core.arns import is_account_id
from lpgen.core.backtests import Reach
from lpgen.core.findings import PrincipalClass
from lpgen.core.graph.edges import is_admin
from lpgen.core.model import DenialKind, Principal
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.replacements import LineKind
from lpgen.report.blocks import Line, Span, Tone, line, names, plural
from lpgen.report.escaping import terminal_text
from lpgen.report.summary import PrincipalSummary

CLASS_WORDS: Final[dict[PrincipalClass, str]] = {
    PrincipalClass.ACTIVE: "active",
    PrincipalClass.SSO: "IAM Identity Center role",
    PrincipalClass.UNUSED: "unused",
    PrincipalClass.UNSEEN: "used, but not in the logs",
    PrincipalClass.BREAK_GLASS: "for emergencies",
    PrincipalClass.GRANTS_UNKNOWN: "grants unknown",
    PrincipalClass.NOT_COVERED: "not covered by the logs",
    PrincipalClass.LEFT_TO_AWS: "left as AWS wrote them",
    PrincipalClass.SERVICE_LINKED: "service-linked role",
    PrincipalClass.NO_GRANTS: "no grants of its own",
    PrincipalClass.NOT_IN_SNAPSHOT: "not in the snapshot",
}

_STATES: Final[dict[PrincipalClass, str]] = {
    PrincipalClass.UNUSED: "unused",
    PrincipalClass.UNSEEN: "unseen",
    PrincipalClass.BREAK_GLASS: "leave it",
    PrincipalClass.GRANTS_UNKNOWN: "unknown",
    PrincipalClass.NOT_COVERED: "no logs",
    PrincipalClass.LEFT_TO_AWS: "leave it",
    PrincipalClass.SERVICE_LINKED: "AWS owns",
    PrincipalClass.NO_GRANTS: "no grants",
    PrincipalClass.NOT_IN_SNAPSHOT: "unlisted",
}

WALL_WORDS: Final[dict[DenialKind, str]] = {
    DenialKind.NONE: "not stated",
    DenialKind.IDENTITY: "its own policies",
    DenialKind.RESOURCE: "the resource's policy",
    DenialKind.BOUNDARY: "permissions boundary",
    DenialKind.SCP: "service control policy",
    DenialKind.RCP: "resource control policy",
    DenialKind.SESSION: "session policy",
    DenialKind.VPC_ENDPOINT: "VPC endpoint policy",
    DenialKind.EXPLICIT: "an explicit Deny",
    DenialKind.UNSTATED: "not stated",
}

LINE_WORDS: Final[dict[LineKind, str]] = {
    LineKind.OBSERVED: "observed",
    LineKind.INFERRED: "inferred from other records",
    LineKind.ATTEMPTED: "attempted, outcome unknown",
    LineKind.KEPT: "kept without recorded use",
    LineKind.REVIEW: "kept for review next to unexplained use",
    LineKind.DECIDED: "kept by decision",
    LineKind.SHARED: "needed in another account of the permission set",
}

_IAM_ARN: Final = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}):(.+)", re.DOTALL)
_AWS_PATH: Final = re.compile(r"role/(?:aws-reserved|aws-service-role)/.*/", re.DOTALL)


def state_of(summary: PrincipalSummary) -> Span:
    """The state of a principal, in a word or two."""
    if not summary.is_replaced:
        doubt = "?" if summary.principal_class is PrincipalClass.UNUSED and summary.caveats else ""
        return Span(_STATES.get(summary.principal_class, "none") + doubt, Tone.QUIET)
    prefix = "SSO " if summary.principal_class is PrincipalClass.SSO else ""
    if summary.in_place:
        return Span(f"{prefix}in place", Tone.GOOD)
    if not summary.has_documents:
        return Span(f"{prefix}too large", Tone.BAD)
    return Span(f"{prefix}safe", Tone.GOOD) if summary.safe else Span(f"{prefix}not yet", Tone.BAD)


def dangers_of(summary: PrincipalSummary) -> Span:
    """The number of dangerous grants without recorded use, marked as bad only if some remain."""
    number = f"{summary.counts.dangerous_unused:,}"
    return Span(
        number, Tone.BAD if summary.dangers_left else Tone.PROSE if summary.counts.dangerous_unused else Tone.QUIET
    )


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of a principal, and where the name comes from."""

    name: str
    source: str


_OWNER_TAGS: Final = ("owner", "team", "squad", "contact")
"""Tag keys that name an owner, the best first. AWS lists `Owner` among the common tags:
https://aws.amazon.com/answers/account-management/aws-tagging-strategies/. A key may have a prefix such as `acme:`."""

_NO_OWNER: Final = frozenset({"", "aws-reserved", "aws-service-role", "service-role"})
"""First parts of AWS's own role paths. They don't name an owner."""


def owner_of(summary: PrincipalSummary) -> Owner | None:
    """The owner from a tag, otherwise from a decision that accepts a reason, otherwise the first part of the path."""
    tags = {re.split("[:/]", key)[-1].lower(): (key, value) for key, value in summary.principal.tags if value.strip()}
    for key, value in (tags[tag] for tag in _OWNER_TAGS if tag in tags):
        return Owner(value.strip(), f"tag {key}")
    for caveat in summary.accepted:
        return Owner(caveat.accepted_by.partition(": ")[0], "decision")
    part = summary.principal.path.strip("/").partition("/")[0]
    return None if part in _NO_OWNER else Owner(part, "path")


def label_of(arn: str) -> str:
    """The account, kind, path and name from a principal's ARN.

    AWS's own roles have long paths. These are left out, because a name is unique in its account.
    """
    found = _IAM_ARN.fullmatch(arn)
    return f"{found[1]} {_AWS_PATH.sub('role/', found[2])}" if found else arn


_STATE_TONES: Final = {
    ProposalState.SAFE: Tone.GOOD,
    ProposalState.UNSAFE: Tone.BAD,
    ProposalState.REFUSED: Tone.QUIET,
}


def words_of_state(state: ProposalState) -> Span:
    """Whether a proposal can be applied."""
    return Span(state.value, _STATE_TONES[state])


def states_in(states: Iterable[ProposalState]) -> str:
    """The numbers of proposals by state."""
    found = Counter(states)
    return ", ".join(f"{found[state]:,} {state}" for state in ProposalState)


def state_and_why(state: ProposalState, kinds: Iterable[str]) -> Line:
    """Whether a proposal can be applied, with the kinds of the reasons against it."""
    why = ", ".join(kinds)
    return line(words_of_state(state), f": {why}" if why else "")


def words_of_reason(text: str, about: Sequence[str], *, most: int) -> Line:
    """A reason that objects to a proposal as a sentence, with at most so many of the names that it is about."""
    return line(sentence(text), ": " if about else "", names(about, most=most), ".")


def label_of_node(node: str, account: str = "") -> str:
    """A node of the network of principals: a principal's label, an outside account, or administrative rights in an
    account. `account` is the account that isn't named."""
    if is_account_id(node):
        return f"account {node}"
    if is_admin(node):
        return f"administrative rights in {node.partition(':')[2]}".removesuffix(f" in {account}")
    return label_of(node).removeprefix(f"{account} ")


def short_label_of(principal: Principal) -> str:
    """The kind, path and name of a principal."""
    return label_of(principal.arn).removeprefix(f"{principal.account} ")


def label_in_list(summary: PrincipalSummary) -> str:
    """The label of a principal in a list. It includes the account if another account has a principal of this name."""
    principal = summary.principal
    return label_of(principal.arn) if summary.has_namesakes else short_label_of(principal)


def cut_labels(labels: Iterable[str], most: int) -> Iterator[str]:
    """The labels, each cut to at most `most` columns with an ellipsis.

    The path is cut first, then the middle of the name. A label isn't cut if it would look like another one.
    """
    found = list(labels)
    cut = [_cut_label(label, most) for label in found]
    same = Counter(cut)
    yield from (short if same[short] == 1 else whole for short, whole in zip(cut, found, strict=True))


def _cut_label(label: str, most: int) -> str:
    kind, slash, path = label.partition("/")
    shown = label
    if len(shown) > most and "/" in path:
        shown = f"{kind}{slash}…/{path.rpartition('/')[2]}"
    if len(shown) > most:
        half = (most - 1) // 2
        shown = f"{shown[: most - 1 - half]}…{shown[-half:]}"
    return shown


def shorten(text: str, most: int) -> str:
    """The text in at most `most` terminal columns, with an ellipsis if it is cut."""
    from rich.cells import cell_len  # imported here, because rich is slow to import and Markdown doesn't need it

    if cell_len(terminal_text(text)) <= most:
        return text
    room, end = most - 1, 0
    while end < len(text) and room >= (width := cell_len(terminal_text(text[end]))):
        room, end = room - width, end + 1
    return f"{text[:end]}…"


def name_for_option(summary: PrincipalSummary) -> str:
    """The name of a principal that an option takes as it is printed: see `name_of_arn`."""
    return name_of_arn(summary.arn, with_account=summary.has_namesakes)


def name_of_arn(arn: str, *, with_account: bool = False) -> str:
    """The label of a principal as a glob. IAM's names are ASCII, and any other character becomes `?`."""
    found = _IAM_ARN.fullmatch(arn)
    account, label = (f"{found[1]} ", label_of(arn).removeprefix(f"{found[1]} ")) if found else ("", arn)
    shown = "".join(mark if "!" <= mark <= "~" and mark != "\\" else "?" for mark in label) or "*"
    return f"{account}{shown}" if with_account else shown


def sentence(text: str) -> str:
    """The text with a capital first letter, unless its first word is a name, such as an action."""
    is_word = text.partition(" ")[0].rstrip(",").isalpha()
    return text[:1].upper() + text[1:] if is_word else text


def percent(share: float) -> str:
    """A share as a percentage. Only exactly none is 0 %, and only exactly all is 100 %."""
    if 0 < share < 0.01:
        return "<1 %"
    return ">99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"


def reach_texts(reach: Reach) -> Iterable[str]:
    """A sentence on the reach of the old and new policies, or nothing if there are no places to reach."""
    if not reach.places:
        return
    pinned = ""
    if reach.pinned_places:
        old, new = (percent(count / reach.pinned_places) for count in (reach.pinned_old, reach.pinned_new))
        pinned = f"; {new} of data, secrets, keys and roles (before: {old})"
    old, new = (percent(count / reach.places) for count in (reach.old, reach.new))
    yield (
        f"The replacements reach {new} of the resources that other principals use with these actions"
        f" (before: {old}){pinned}."
    )


def more_logs_text(principals: Iterable[PrincipalSummary]) -> str:
    """What more days of logs will add to first-month replacements, in one sentence."""
    days = plural(max(principal.days_to_logs for principal in principals), "more day")
    return f"After {days} of logs, lpgen can also narrow resources and remove actions that the logs show to be unused."
