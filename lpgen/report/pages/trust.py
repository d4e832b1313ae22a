"""Each role's trust as a page: the findings, the narrowed trust policies, and the roles without one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.trust.findings import TrustFinding, finding_order
from lpgen.core.trust.narrow import NarrowedLine, Treatment
from lpgen.core.trust.roles import Caller, RoleTrust, TrustProposal, TrustReport
from lpgen.report.blocks import (
    Block,
    Column,
    Heading,
    Item,
    Paragraph,
    Words,
    bullets,
    count,
    line,
    more_in_json,
    name,
    names,
    plural,
    problem_list,
    quiet,
    strong,
    table,
    titled,
)
from lpgen.report.words import label_of, sentence

_MOST_CALLERS: Final = 12
_MOST_NAMES: Final = 6
_FEW_NAMES: Final = 2
_NOTHING_NARROWER: Final = "the records support no narrower policy"
_TREATMENTS: Final = {Treatment.KEPT: "kept", Treatment.LIMITED: "limited", Treatment.DROPPED: "removed"}


def trust_page(report: TrustReport, most: int | None = None) -> tuple[Block, ...]:
    """The page: findings by kind, the narrowed trust policies, and each role that has either.

    With `most`, tables have at most this many rows, and no role follows. JSON has all roles. If there is only one role,
    the page has all about it, and no tables of roles.
    """
    heading, problems = Heading(line(_summary(report)), level=1), problem_list(report.problems)
    if len(report.roles) == 1:
        return heading, *_role(report.roles[0]), *problems
    shown = sorted(filter(_matters, report.roles), key=_rank)
    details = shown if most is None else []
    return (
        heading,
        *_found(report, most),
        *_narrowed(report, most),
        *_without(report),
        *(block for trust in details for block in _role(trust)),
        *([_MORE] * (not details and bool(shown))),
        *problems,
    )


_MORE: Final = Paragraph(
    line("Next: ", name("--principal ROLE"), " shows one role with its callers and its narrowed trust policy.")
)


def _matters(trust: RoleTrust) -> bool:
    return bool(trust.open_findings) or trust.proposal is not None


def _rank(trust: RoleTrust) -> tuple[int, str]:
    worst = min((finding.severity.rank for finding in trust.open_findings), default=len(Severity))
    return worst, trust.role.arn


def _summary(report: TrustReport) -> str:
    counted = Counter(finding.severity for trust in report.roles for finding in trust.open_findings)
    found = ", ".join(f"{counted[severity]:,} {severity}" for severity in Severity if counted[severity])
    narrowed = sum(trust.proposal is not None for trust in report.roles)
    proposals = plural(narrowed, "narrowed trust policy", "narrowed trust policies")
    findings = plural(sum(counted.values()), "finding") + (f" ({found})" if found else "")
    return f"{plural(len(report.roles), 'role')}: {findings}, {proposals}."


def _found(report: TrustReport, most: int | None) -> Iterable[Block]:
    """The findings by kind, the most severe first."""
    roles: dict[tuple[int, int], list[tuple[TrustFinding, str]]] = {}
    for trust in report.roles:
        for finding in trust.open_findings:
            roles.setdefault(finding_order(finding), []).append((finding, trust.role.arn))
    columns = (
        Column("severity"),
        Column("finding", flexible=True),
        Column("roles", number=True),
        Column("such as", flexible=True),
    )
    rows: list[tuple[Words, ...]] = []
    for _, found in sorted(roles.items()):
        alike, arns = found[0][0], dict.fromkeys(arn for _, arn in found)
        such_as = names(map(label_of, arns), most=_FEW_NAMES)
        rows.append((alike.severity.value, alike.kind.row.title, count(len(arns)), such_as))
    yield from _part("Findings", columns, rows, most)


def _narrowed(report: TrustReport, most: int | None) -> Iterable[Block]:
    """The narrowed trust policies: what happens to their principals, and the backtest."""
    columns = (
        Column("role", flexible=True),
        *(Column(title, number=True) for title in _TREATMENTS.values()),
        Column("backtest"),
    )
    rows: list[tuple[Words, ...]] = [
        (
            name(label_of(trust.role.arn)),
            *(count(sum(narrowed.treatment is treatment for narrowed in proposal.lines)) for treatment in _TREATMENTS),
            _outcome(proposal),
        )
        for trust in report.roles
        if (proposal := trust.proposal) is not None
    ]
    yield from _part("Narrowed trust policies", columns, rows, most)


def _part(
    title: str, columns: Iterable[Column], rows: Sequence[tuple[Words, ...]], most: int | None
) -> Iterable[Block]:
    """A heading and a table of at most `most` rows, if there are any."""
    if rows:
        shown = rows[:most]
        yield Heading(line(title), level=2)
        yield table(columns, shown)
        yield from more_in_json(len(rows) - len(shown))


def _outcome(proposal: TrustProposal) -> str:
    """How many later assumptions such proposals would have refused."""
    refused, judged = sum(w.refused for w in proposal.backtest), sum(w.records for w in proposal.backtest)
    return f"{count(refused)} of {count(judged)} refused" if judged else "none"


def _without(report: TrustReport) -> Iterable[Block]:
    """Why roles have no narrowed trust policy."""
    why = Counter(refusal.kind.row.title for trust in report.roles for refusal in trust.refusals)
    unchanged = sum(trust.proposal is None and not trust.refusals for trust in report.roles)
    reasons = [f"{plural(number, 'role')}: {title}" for title, number in why.most_common()]
    if unchanged:
        reasons.append(f"{plural(unchanged, 'role')}: {sentence(_NOTHING_NARROWER)}.")
    if reasons:
        yield Heading(line("No narrowed trust policy"), level=2)
        yield bullets(*reasons)


def _role(trust: RoleTrust) -> Iterable[Block]:
    yield Heading(line(name(label_of(trust.role.arn))), level=2)
    if trust.open_findings:
        yield bullets(
            *(
                Item(
                    line(strong(finding.severity.value), f": {finding.message}."),
                    (line(strong("what to do: "), f"{finding.step}."),),
                )
                for finding in trust.open_findings
            )
        )
    if trust.assumed_by:
        yield titled("Who assumed it", len(trust.assumed_by))
        yield _callers(trust.assumed_by)
        yield from more_in_json(len(trust.assumed_by) - _MOST_CALLERS)
    if trust.never_seen:
        yield Paragraph(line("In the trust policy, but in no record: ", names(trust.never_seen, most=_MOST_NAMES), "."))
    if trust.proposal:
        yield from _proposal(trust.proposal)
    for refusal in trust.refusals:
        yield Paragraph(line(f"No narrowed trust policy: {refusal.message}."))
    if not trust.proposal and not trust.refusals:
        yield Paragraph(line(f"No narrowed trust policy: {_NOTHING_NARROWER}."))


def _callers(callers: Sequence[Caller]) -> Block:
    columns = (
        Column("assumed by", flexible=True),
        Column("subject or external ID", flexible=True),
        Column("days", number=True),
        Column("last"),
        Column("outcome"),
    )
    return table(columns, [_caller_row(caller) for caller in callers[:_MOST_CALLERS]])


def _caller_row(caller: Caller) -> tuple[Words, ...]:
    seen = caller.assumption
    outcome = seen.outcome.value if not seen.error_code else f"{seen.outcome.value} ({seen.error_code})"
    return (
        name(label_of(caller.name) if caller.name.startswith("arn:") else caller.name),
        name(seen.subject or seen.external_id),
        count(caller.days),
        caller.last_day.isoformat(),
        outcome,
    )


def _proposal(proposal: TrustProposal) -> Iterable[Block]:
    yield titled("Narrowed trust policy")
    yield Paragraph(line(f"It allows every recorded assumption, {_limit(proposal)}."))
    yield bullets(*(_treated(narrowed) for narrowed in proposal.lines))
    if proposal.added:
        yield Paragraph(line("With ids: ", names(proposal.added, most=_MOST_NAMES), "."))
    if proposal.backtest:
        yield Paragraph(line(f"Backtest of policies narrowed by earlier days: {_outcome(proposal)}."))
    if proposal.undo:
        yield Paragraph(line(f"You can't go back to the old trust policy: {proposal.undo}."))
    yield Paragraph(line(quiet("Sessions that exist when the policy changes stay valid until they expire.")))
    yield Paragraph(line(name("--format json"), " has the whole policy, as ", name("proposal"), "."))


def _limit(proposal: TrustProposal) -> str:
    """What the policy doesn't add."""
    return "and nothing that the old one denies" + (", except the same subjects with ids" if proposal.added else "")


def _treated(narrowed: NarrowedLine) -> Item:
    uses = narrowed.uses
    records = (
        f"{plural(sum(use.records for use in uses), 'record')}, such as {uses[0].example_event_id}" if uses else ""
    )
    conditions = tuple(
        line(name(condition.key), f" {condition.operator} ", names(condition.values, most=_MOST_NAMES))
        for condition in narrowed.conditions
        if condition not in narrowed.line.statement.conditions
    )
    treatment = _TREATMENTS[narrowed.treatment]
    return Item(
        line(strong(treatment), ": ", name(narrowed.line.value)), (*conditions, line(quiet(records or "no record")))
    )
