"""How pages name things: classes, walls, reasons and principals, in plain words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lpgen.core.backtests import Reach
from lpgen.core.findings import PrincipalClass
from lpgen.core.model import DenialKind, Principal, SkipReason
from lpgen.core.replacements import LineKind
from lpgen.report.blocks import Span, Tone
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
    DenialKind.NONE: "not said",
    DenialKind.IDENTITY: "its own policies",
    DenialKind.RESOURCE: "the resource's policy",
    DenialKind.BOUNDARY: "permissions boundary",
    DenialKind.SCP: "service control policy",
    DenialKind.RCP: "resource control policy",
    DenialKind.SESSION: "session policy",
    DenialKind.VPC_ENDPOINT: "VPC endpoint policy",
    DenialKind.EXPLICIT: "an explicit Deny",
    DenialKind.UNSTATED: "not said",
}

SKIP_WORDS: Final[dict[SkipReason, str]] = {
    SkipReason.UNREADABLE_FILE: "file that can't be read",
    SkipReason.NOT_CLOUDTRAIL: "file without CloudTrail records",
    SkipReason.BAD_RECORD: "record that can't be read",
    SkipReason.UNKNOWN_VERSION: "record of an unknown event version",
    SkipReason.MISPLACED: "record in another account's folder",
    SkipReason.DUPLICATE: "duplicate within its file",
    SkipReason.NO_TIME: "record without a time",
    SkipReason.FUTURE: "record later than the log itself",
    SkipReason.OUT_OF_WINDOW: "outside the asked-for days",
    SkipReason.INSIGHT: "Insights event: no call",
    SkipReason.AGGREGATED: "aggregated event: a sign of use, no single call",
    SkipReason.SERVICE_EVENT: "event of a service: no call",
    SkipReason.NETWORK_COPY: "copy of a call through a VPC endpoint",
    SkipReason.UNAUTHENTICATED: "call whose credentials AWS refused",
    SkipReason.NO_PERMISSION: "call that needs no permission",
    SkipReason.UNMAPPED: "call that isn't in the event map",
    SkipReason.SERVICE_CALLER: "an AWS service's own call",
    SkipReason.ROOT_CALLER: "call by the root user",
    SkipReason.CROSS_ACCOUNT_CALLER: "call from another account",
    SkipReason.FEDERATED_CALLER: "federated caller without a role",
    SkipReason.ANONYMOUS_CALLER: "anonymous call",
    SkipReason.UNKNOWN_CALLER: "call whose caller can't be read",
    SkipReason.DENIED: "denied call",
    SkipReason.UNDETERMINED: "call of undetermined outcome",
}

LINE_WORDS: Final[dict[LineKind, str]] = {
    LineKind.OBSERVED: "observed",
    LineKind.INFERRED: "inferred from other records",
    LineKind.ATTEMPTED: "tried, outcome undetermined",
    LineKind.KEPT: "kept without recorded use",
    LineKind.REVIEW: "kept for review beside unexplained use",
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
    """How many dangerous grants no record shows in use: bad only where some are left."""
    number = f"{summary.counts.dangerous_unused:,}"
    return Span(
        number, Tone.BAD if summary.dangers_left else Tone.PROSE if summary.counts.dangerous_unused else Tone.QUIET
    )


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns a principal, and what says so."""

    name: str
    source: str


_OWNER_TAGS: Final = ("owner", "team", "squad", "contact")
"""Keys of tags, the best first; AWS lists `Owner` among the tags that most organizations use:
https://aws.amazon.com/answers/account-management/aws-tagging-strategies/. A prefix such as `acme:` may be before it."""

_NO_OWNER: Final = frozenset({"", "aws-reserved", "aws-service-role", "service-role"})
"""First parts of paths that AWS gives to roles, which name no owner."""


def owner_of(summary: PrincipalSummary) -> Owner | None:
    """The owner that a tag names, else who accepted a reason by a decision, else the first part of the path."""
    tags = {re.split("[:/]", key)[-1].lower(): (key, value) for key, value in summary.principal.tags if value.strip()}
    for key, value in (tags[tag] for tag in _OWNER_TAGS if tag in tags):
        return Owner(value.strip(), f"tag {key}")
    for caveat in summary.accepted:
        return Owner(caveat.accepted_by.partition(": ")[0], "decision")
    part = summary.principal.path.strip("/").partition("/")[0]
    return None if part in _NO_OWNER else Owner(part, "path")


def label_of(arn: str) -> str:
    """A principal's ARN without what all IAM ARNs share: the account, then kind, path and name.

    The long paths that AWS gives roles of its own are left out: names are unique in an account, whatever the path.
    """
    found = _IAM_ARN.fullmatch(arn)
    return f"{found[1]} {_AWS_PATH.sub('role/', found[2])}" if found else arn


def short_label_of(principal: Principal) -> str:
    """Kind, path and name of a principal."""
    return label_of(principal.arn).removeprefix(f"{principal.account} ")


def label_in_list(summary: PrincipalSummary) -> str:
    """The label of a principal in a list: with its account where another account has one of the name."""
    principal = summary.principal
    return label_of(principal.arn) if summary.has_namesakes else short_label_of(principal)


def cut_labels(labels: Iterable[str], most: int) -> Iterator[str]:
    """The labels in at most so many columns, each with an ellipsis for what least distinguishes it.

    The path goes before the name, and the middle of a name before its ends. A label stays whole where it would look
    like another.
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
    """The text in at most so many columns of a terminal, with an ellipsis where it is cut."""
    from rich.cells import cell_len  # here, since Markdown needs none of it and importing rich takes time

    if cell_len(terminal_text(text)) <= most:
        return text
    room, end = most - 1, 0
    while end < len(text) and room >= (width := cell_len(terminal_text(text[end]))):
        room, end = room - width, end + 1
    return f"{text[:end]}…"


def name_for_option(summary: PrincipalSummary) -> str:
    """A name of a principal that options take as it is printed: see `name_of_arn`."""
    return name_of_arn(summary.arn, with_account=summary.has_namesakes)


def name_of_arn(arn: str, *, with_account: bool = False) -> str:
    """The label of a principal; IAM's names are ASCII, and what else a file holds becomes `?`, as in a glob."""
    found = _IAM_ARN.fullmatch(arn)
    account, label = (f"{found[1]} ", label_of(arn).removeprefix(f"{found[1]} ")) if found else ("", arn)
    shown = "".join(mark if "!" <= mark <= "~" and mark != "\\" else "?" for mark in label) or "*"
    return f"{account}{shown}" if with_account else shown


def sentence(text: str) -> str:
    """The text with a capital at its beginning, unless its first word is a name such as an action's."""
    is_word = text.partition(" ")[0].rstrip(",").isalpha()
    return text[:1].upper() + text[1:] if is_word else text


def percent(share: float) -> str:
    """A share in words. Only none and all are 0 % and 100 %."""
    if 0 < share < 0.01:
        return "<1 %"
    return ">99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"


def reach_texts(reach: Reach) -> Iterable[str]:
    """How far the old policies and the new ones reach, as a sentence; none where nothing is within anyone's reach."""
    if not reach.places:
        return
    pinned = ""
    if reach.pinned_places:
        old, new = (percent(count / reach.pinned_places) for count in (reach.pinned_old, reach.pinned_new))
        pinned = f" (data, secrets, keys, roles: {old} and {new})"
    old, new = (percent(count / reach.places) for count in (reach.old, reach.new))
    yield (
        f"Of the resources that others use with the same actions, the old policies allow {old}, the replacements"
        f" {new}{pinned}."
    )
