"""Findings about trust policies: which outsiders a role's trust policy lets in, and which of its conditions fail.

One principle finds the outsiders: lpgen builds the request of an outsider next to those that the policy means (another
repository of the owner, a pull request, a branch with a longer name) and asks the evaluator. What the request leaves
unknown counts as met, unless it tells the outsider apart.

Severities are high if anyone can become such an outsider, medium if a change in the organization is enough, and low for
what is only unneeded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Final

from lpgen.core.analysis.grants.trust import EXTERNAL_ID, NOBODYS, open_conditions
from lpgen.core.arns import ARN_FIELDS
from lpgen.core.choices import Severity
from lpgen.core.globs.match import fold_case, glob_match, has_wildcard
from lpgen.core.iam.condition_operator import ComparisonKind, operator_from_name
from lpgen.core.iam.decision import Answer
from lpgen.core.model import Principal
from lpgen.core.registry.row import IAM_GUIDE, Finding, Kind, Row
from lpgen.core.trust.conditions import demanded_values, is_excluded
from lpgen.core.trust.evidence import TrustEvidence
from lpgen.core.trust.github_ids import gh_command, other_format
from lpgen.core.trust.issuers import AUDIENCES, Issuer, issuer_of
from lpgen.core.trust.lines import FEDERATED, TrustLine, allows, subject_key
from lpgen.core.trust.narrow import PRINCIPAL_ARN, leaves_records
from lpgen.core.trust.subjects import is_satisfiable, probes, subject_from_text
from lpgen.core.usage.assumptions import Assumption

_GITHUB_GUIDE: Final = "https://docs.github.com/en/actions/reference/security/oidc"
_OIDC_GUIDE: Final = f"{IAM_GUIDE}/id_roles_providers_create_oidc.html"
_WEB_GUIDE: Final = f"{IAM_GUIDE}/id_roles_create_for-idp_oidc.html"


def _anyone_words(*, limits: str) -> str:
    return "anyone in the world may assume the role" + (f", if the conditions on {limits} are met" if limits else "")


def _other_account_words(*, account: str, vendor: str, external_id: bool, last_assumed: str, **facts: Any) -> str:
    who = f"account {account} ({vendor})" if vendor else f"account {account}"
    how = "with an external ID" if external_id else "without an external ID"
    if last_assumed:
        used = f"the role used {facts['actions_used']:,} actions"
        return f"{who} may assume the role {how}; it last did on {last_assumed}, and {used}"
    return f"{who} may assume the role {how}" + (", and no record shows that it did" if facts["has_logs"] else "")


class TrustFindingKind(Kind):
    """The kinds of findings about trust policies, in the order in which they are listed."""

    ANYONE = Row(
        "anyone",
        "Anyone in the world may assume a role.",
        parameters={"limits": str},
        message=_anyone_words,
        step="name the accounts that may assume it",
        source=f"{IAM_GUIDE}/reference_policies_elements_principal.html",
        severity=Severity.HIGH,
    )
    ANY_IDENTITY = Row(
        "any-identity",
        "Every customer of an identity provider may assume a role.",
        parameters={"provider": str, "example": str},
        message="any identity of {provider} may assume the role, for example {example}",
        step="add a condition on the subject",
        source=_WEB_GUIDE,
        severity=Severity.HIGH,
    )
    ANY_REPOSITORY = Row(
        "any-repository",
        "Every repository, project or service account of one owner may assume a role.",
        parameters={"provider": str, "example": str},
        message="everything that one owner has at {provider} may assume the role, such as {example}",
        step="name the repositories, projects or service accounts in the condition on the subject",
        source=_WEB_GUIDE,
        severity=Severity.HIGH,
    )
    OPEN_PREFIX = Row(
        "open-prefix",
        "A condition ends a name with a wildcard, which longer names also match.",
        parameters={"provider": str, "field": str, "example": str},
        message="a longer {field} matches the condition too, for example {example}",
        step="end the name with its separator, or write it in full",
        source=_WEB_GUIDE,
    )
    ANY_REF = Row(
        "any-ref",
        "Every branch, tag and environment of a repository may assume a role.",
        parameters={"provider": str, "example": str},
        message="every branch, tag and environment of a repository may assume the role, for example {example}",
        step="name the branch or the environment in the condition on the subject",
        source=_GITHUB_GUIDE,
    )
    PULL_REQUESTS = Row(
        "pull-requests",
        "Pull requests may assume a role.",
        parameters={"provider": str, "example": str},
        message="pull requests may assume the role: {example}",
        step="leave the subject of pull requests out, or give them a role of their own that only reads",
        source=_GITHUB_GUIDE,
    )
    OTHER_ACCOUNT = Row(
        "other-account",
        "Another account may assume a role.",
        parameters={
            **dict.fromkeys(("account", "vendor", "last_assumed"), str),
            "external_id": bool,
            "actions_used": int,
            "has_logs": bool,
        },
        message=_other_account_words,
        step="add a condition on `sts:ExternalId` if it is another company's account, or remove it",
        source=f"{IAM_GUIDE}/id_roles_common-scenarios_third-party.html",
        severity=Severity.HIGH,
    )
    MISSING_AUDIENCE = Row(
        "missing-audience",
        "No condition checks the audience of a web identity token.",
        parameters={"provider": str},
        message="no condition checks the audience of tokens from {provider}",
        step="add a condition on the audience",
        source=_OIDC_GUIDE,
    )
    LITERAL_WILDCARD = Row(
        "literal-wildcard",
        "A condition compares with a wildcard under an operator that takes it literally.",
        parameters={"operator": str, "key": str, "value": str},
        message="{operator} takes the wildcard in {value} literally, so the condition on {key} doesn't match as meant",
        step="use StringLike, or write the value in full",
        source=f"{IAM_GUIDE}/reference_policies_elements_condition_operators.html",
    )
    UNSATISFIABLE = Row(
        "unsatisfiable",
        "No token of the identity provider can meet a condition.",
        parameters={"provider": str, "value": str},
        message="no subject of {provider} matches {value}",
        step="correct the subject, or remove the statement",
        source=_GITHUB_GUIDE,
    )
    NEW_GITHUB_SUBJECT = Row(
        "new-github-subject",
        "A change of the repository to GitHub's other subject format would lock out its workflows.",
        parameters={"value": str, "other": str, "when": str, "command": str},
        message="the condition allows {value}, and GitHub sends {other} {when}",
        step="get the ids with `{command}`, and give them with --github-ids",
        source=_GITHUB_GUIDE,
    )
    MISSING_PRINCIPAL = Row(
        "missing-principal",
        "A trusted principal doesn't exist any more.",
        parameters={"principal": str},
        message="{principal} doesn't exist any more",
        step="remove it from the trust policy",
        source=f"{IAM_GUIDE}/reference_policies_elements_principal.html",
    )
    MUTABLE_NAME = Row(
        "mutable-name",
        "A condition rests on a name that somebody else can register after a change.",
        parameters={"provider": str, "value": str},
        message="{value} is a name that somebody else can register after a rename or deletion",
        step="use the subject with ids, or add a condition on an id",
        source=_GITHUB_GUIDE,
        severity=Severity.LOW,
    )
    UNUSED = Row(
        "unused",
        "No record shows that a trusted principal assumed a role.",
        parameters={"principal": str, "days": int},
        message="{principal} may assume the role, but no record of {days} covered days shows that it did",
        step="check that nothing needs it, and remove it from the trust policy",
        source=f"{IAM_GUIDE}/best-practices.html",
        severity=Severity.LOW,
    )


@dataclass(frozen=True, slots=True)
class TrustFinding(Finding):
    """A finding about a role's trust policy."""

    _: KW_ONLY
    severity: Severity


def find(kind: TrustFindingKind, severity: Severity | None = None, /, **parameters: Any) -> TrustFinding:
    """A finding, with the severity of its kind unless another one is given."""
    return TrustFinding(kind, parameters, severity=severity or kind.row.severity)


_STRANGER: Final = "stranger"


def _limits(role: Principal, who: str, action: str, context: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """The condition keys that still decide whether an outsider may assume a role, in lower case; None if it may not."""
    found = open_conditions(role, who, action, context)
    return None if found is None else tuple(map(fold_case, found))


def findings_of(
    role: Principal, lines: Iterable[TrustLine], evidence: TrustEvidence, vendor_of: Callable[[str], str]
) -> tuple[TrustFinding, ...]:
    """The findings about a role's trust policy, the most severe first. `vendor_of` names owners of known accounts."""
    return ordered(finding for line in lines for finding in _of_line(line, role, evidence, vendor_of))


def ordered(findings: Iterable[TrustFinding]) -> tuple[TrustFinding, ...]:
    """The findings without repetitions, the most severe first, and in the order of kinds."""
    found = {(finding.kind, tuple(sorted(map(str, finding.parameters.items())))): finding for finding in findings}
    return tuple(sorted(found.values(), key=finding_order))


def finding_order(finding: TrustFinding) -> tuple[int, int]:
    """A sort key: by severity, then by kind."""
    return finding.severity.rank, _PLACES[finding.kind]


_PLACES: Final[Mapping[Kind, int]] = {kind: place for place, kind in enumerate(TrustFindingKind)}


def _of_line(
    line: TrustLine, role: Principal, evidence: TrustEvidence, vendor_of: Callable[[str], str]
) -> Iterator[TrustFinding]:
    yield from _literal_wildcards(line)
    if line.is_web_identity:
        yield from _web_outsiders(line, role)
        yield from _broken_subjects(line, role, evidence)
    elif line.is_anyone:
        yield from _anyone(line, role)
    elif line.account and line.account not in evidence.own:
        yield _other_account(line, role, evidence, vendor_of)
    if _is_gone(line, evidence):
        yield find(TrustFindingKind.MISSING_PRINCIPAL, principal=line.value)


# ---------------------------------------------------------------- accounts


_BOUNDS_ANYONE: Final = ("aws:sourceip", "aws:sourcevp", "aws:vpceorg", "aws:sourcearn", "aws:sourceaccount")
"""The starts of condition keys that a stranger can't meet at will."""


def _anyone(line: TrustLine, role: Principal) -> Iterator[TrustFinding]:
    named = (_strange_arn(value) for value in demanded_values(line.statement.conditions, PRINCIPAL_ARN))
    strangers = (f"arn:aws:iam::{NOBODYS}:user/{_STRANGER}", *named)
    accepted = (_limits(role, arn, line.action, _stranger_context(NOBODYS, arn)) for arn in strangers)
    limits = next((found for found in accepted if found is not None), None)
    if limits is None or any(key.startswith(_BOUNDS_ANYONE) for key in limits):
        return
    yield find(TrustFindingKind.ANYONE, limits=", ".join(limits))


def _strange_arn(pattern: str) -> str:
    """The ARN of a stranger's role or user with the name in a pattern, which anyone may choose. It has no account if
    the pattern names one, so the pattern doesn't match it."""
    fields = pattern.split(":", ARN_FIELDS - 1)
    if len(fields) == ARN_FIELDS:
        fields[4] = NOBODYS if glob_match(fields[4], NOBODYS) else ""
    return ":".join(fields).replace("*", _STRANGER).replace("?", _STRANGER[0])


def _stranger_context(account: str, arn: str = "") -> dict[str, tuple[str, ...]]:
    return {
        "aws:PrincipalAccount": (account,),
        "aws:PrincipalArn": (arn or f"arn:aws:iam::{account}:user/{_STRANGER}",),
        "aws:PrincipalIsAWSService": ("false",),
        "aws:PrincipalOrgID": (),
        "aws:PrincipalOrgPaths": (),
    }


def _other_account(
    line: TrustLine, role: Principal, evidence: TrustEvidence, vendor_of: Callable[[str], str]
) -> TrustFinding:
    # Not the root user: it can't assume roles.
    who = f"arn:aws:iam::{line.account}:user/{_STRANGER}" if line.is_whole_account else line.value
    context = {"aws:PrincipalAccount": (line.account,), EXTERNAL_ID: ()}
    needs_id = _limits(role, who, line.action, context) is None
    days = [use.day for use in evidence.successes(role) if use.caller_account == line.account]
    return find(
        TrustFindingKind.OTHER_ACCOUNT,
        Severity.LOW if needs_id else Severity.HIGH,
        account=line.account,
        vendor=vendor_of(line.account),
        external_id=needs_id,
        last_assumed=max(days).isoformat() if days else "",
        actions_used=evidence.actions_used.get(role.arn, 0),
        has_logs=evidence.logs(role) is not None,
    )


def _is_gone(line: TrustLine, evidence: TrustEvidence) -> bool:
    """Whether a trusted principal is known not to exist."""
    if line.is_deleted:
        return True
    if line.kind == FEDERATED:
        return evidence.providers is not None and line.value.startswith("arn:") and evidence.providers.lack(line.value)
    if line.account not in evidence.complete or line.value in evidence.principals:
        return False
    # An output of `get-account-authorization-details --filter Role` has no users, and others have no roles.
    kind = next((kind for kind in (":role/", ":user/") if kind in line.value), "")
    return bool(kind) and any(
        principal.account == line.account and kind in principal.arn for principal in evidence.principals.values()
    )


# ---------------------------------------------------------------- web identities


_LEVELS: Final = (TrustFindingKind.ANY_IDENTITY, TrustFindingKind.ANY_REPOSITORY, TrustFindingKind.ANY_REF)
_GRAVE_FIELDS: Final = ("owner", "repository")


def _web_outsiders(line: TrustLine, role: Principal) -> Iterator[TrustFinding]:
    """The outsiders that a line lets in: the widest kind of each of its subjects, pull requests, and longer names."""
    issuer, provider = issuer_of(line.value), line.host
    key = subject_key(provider) if issuer is None or "sub" in issuer.claims else f"{provider}:id"
    if _accepts(line, role, {f"{provider}:{claim}": (_STRANGER,) for claim in AUDIENCES}):
        yield find(TrustFindingKind.MISSING_AUDIENCE, provider=provider)
    if issuer is None:
        if _accepts(line, role, {key: (_STRANGER,)}):
            yield find(TrustFindingKind.ANY_REPOSITORY, provider=provider, example=_STRANGER)
        return
    patterns = demanded_values(line.statement.conditions, key) or ("*",)
    for pattern in patterns:
        accepted: dict[str, Any] = {}
        for probe in probes(issuer, pattern):
            if _accepts(line, role, {key: (probe.subject,)}, probe.kind):
                accepted.setdefault(probe.kind, probe)
        widest = next((kind for kind in _LEVELS if kind in accepted), None)
        if widest:
            yield find(widest, provider=provider, example=accepted[widest].subject)
        if widest not in _LEVELS[:2] and "pull-requests" in accepted:
            yield find(TrustFindingKind.PULL_REQUESTS, provider=provider, example=accepted["pull-requests"].subject)
        if "open-prefix" in accepted and widest is not TrustFindingKind.ANY_IDENTITY:
            found = accepted["open-prefix"]
            severity = Severity.HIGH if found.field in _GRAVE_FIELDS else Severity.MEDIUM
            yield find(
                TrustFindingKind.OPEN_PREFIX, severity, provider=provider, field=found.field, example=found.subject
            )


_OF_REPOSITORIES: Final = ("repository", "repository_id", "project_id", "project_path")
_OF_OWNERS: Final = (
    *_OF_REPOSITORIES,
    *("repository_owner", "repository_owner_id", "enterprise_id", "namespace_id", "namespace_path"),
)
_OF_REFS: Final = ("ref", "ref_path", "environment")
_TELLS_APART: Final[Mapping[str, tuple[str, ...]]] = {
    "any-identity": _OF_OWNERS,
    "any-repository": _OF_REPOSITORIES,
    "any-ref": _OF_REFS,
    "pull-requests": _OF_REFS,
    "open-prefix": (*_OF_OWNERS, *_OF_REFS),
}
"""For each kind of outsider, the claims besides the subject that tell it from those that the policy means."""


def _accepts(line: TrustLine, role: Principal, context: Mapping[str, tuple[str, ...]], kind: str = "") -> bool:
    """Whether the trust policy lets in a web identity with these claims, unless a condition on another claim tells it
    apart."""
    limits = _limits(role, line.value, line.action, context)
    issuer = issuer_of(line.value) if kind == TrustFindingKind.ANY_IDENTITY else None
    # For some issuers, the audience is the customer, and IAM demands a condition on it.
    claims = (*_TELLS_APART.get(kind, ()), *(issuer.demanded if issuer else ()))
    apart = {fold_case(f"{line.host}:{claim}") for claim in claims}
    return limits is not None and apart.isdisjoint(limits)


def _broken_subjects(line: TrustLine, role: Principal, evidence: TrustEvidence) -> Iterator[TrustFinding]:
    """Subjects that no token has, or that another format of the issuer replaces, or that rest on a name."""
    issuer, key = issuer_of(line.value), subject_key(line.host)
    if issuer is None:
        return
    values, literal = demanded_values(line.statement.conditions, key), _literal_values(line, key)
    dead = [
        value
        for value in values
        if not is_satisfiable(issuer, value) or value in literal or is_excluded(line.statement.conditions, key, value)
    ]
    if dead and len(dead) == len(values):
        yield from (find(TrustFindingKind.UNSATISFIABLE, provider=line.host, value=value) for value in dead)
    plain = {other_format(issuer, value, {}) for value in values}
    for value in sorted({*values} - {*dead}):
        near, names = _nearest_subject(issuer, value)
        repository = f"{names.get('owner', '')}/{names.get('repository', '')}"
        other = other_format(issuer, near, {repository: evidence.ids.get(repository, _UNKNOWN_IDS)})
        if not other or "owner_id" in names or _STRANGER in names["owner"]:
            continue
        if not _rests_on_ids(line):
            yield find(TrustFindingKind.MUTABLE_NAME, provider=line.host, value=value)
        if value not in plain and not _accepts(line, role, {key: (other,)}):
            shown = other_format(issuer, value, {repository: evidence.ids.get(repository, _UNKNOWN_IDS)}) or other
            shown, repository = (text.replace(_STRANGER, _ANY_NAME) for text in (shown, repository))
            yield _new_subject(value, shown, repository, _ONCE_RENAMED)


def _new_subject(value: str, other: str, repository: str, when: str) -> TrustFinding:
    return find(
        TrustFindingKind.NEW_GITHUB_SUBJECT, value=value, other=other, when=when, command=gh_command(repository)
    )


def refused_formats(
    lines: Sequence[TrustLine], failures: Iterable[Assumption], role: Principal
) -> Iterator[TrustFinding]:
    """GitHub's subjects in failed requests whose other format the trust policy allows."""
    for failure in failures:
        issuer = issuer_of(failure.provider) if failure.subject else None
        for line in lines if issuer else ():
            values = demanded_values(line.statement.conditions, subject_key(line.host))
            plain = {other_format(issuer, value, {}): value for value in values}
            other = other_format(issuer, failure.subject, {}) or plain.get(failure.subject, "")
            asked = replace(failure, subject=other)
            if other and allows(line, asked, role).answer is not Answer.NO:
                names = dict(subject.fields) if (subject := subject_from_text(issuer, other)) else {}
                repository = f"{names.get('owner', '')}/{names.get('repository', '')}"
                yield _new_subject(
                    other, failure.subject, repository, _AS_RECORDED.format(event=failure.example_event_id)
                )


def _literal_values(line: TrustLine, key: str) -> frozenset[str]:
    """The subjects with a wildcard that a condition takes literally, so no subject has them."""
    literal = (finding.parameters for finding in _literal_wildcards(line))
    return frozenset(str(found["value"]) for found in literal if fold_case(str(found["key"])) == fold_case(key))


def _nearest_subject(issuer: Issuer, value: str) -> tuple[str, dict[str, str]]:
    """A subject with the owner and the repository of a value, as far as it has them, and its fields."""
    near = [probe.subject for probe in probes(issuer, value) if probe.kind in ("any-ref", "pull-requests")]
    subject = subject_from_text(issuer, near[0] if near else value)
    return (subject.text, dict(subject.fields)) if subject else (value, {})


_ONCE_RENAMED: Final = "once the repository opts in, and with the new name once it is renamed or transferred"
_AS_RECORDED: Final = "as the record {event} shows"
_ANY_NAME: Final = "NAME"
_UNKNOWN_IDS: Final = ("OWNER_ID", "REPOSITORY_ID")


def _rests_on_ids(line: TrustLine) -> bool:
    """Whether a condition demands an id, which nobody else can get."""
    return any(
        fold_case(condition.key).startswith(fold_case(line.host)) and condition.key.lower().endswith("_id")
        for condition in line.statement.conditions
    )


# ---------------------------------------------------------------- conditions and use


def _literal_wildcards(line: TrustLine) -> Iterator[TrustFinding]:
    for condition in line.statement.conditions:
        operator = operator_from_name(condition.operator)
        if operator is None or operator.comparison not in (
            ComparisonKind.STRING_EQUALS,
            ComparisonKind.STRING_EQUALS_IGNORE_CASE,
        ):
            continue
        for value in condition.values:
            if has_wildcard(value):
                yield find(
                    TrustFindingKind.LITERAL_WILDCARD, operator=condition.operator, key=condition.key, value=value
                )


def unused_lines(
    lines: Iterable[TrustLine], used: Collection[TrustLine], role: Principal, evidence: TrustEvidence
) -> Iterator[TrustFinding]:
    """The trusted principals that didn't assume a role, except those whose use might leave no record."""
    covered = evidence.enough(role)
    if covered is None:
        return
    for line in lines:
        if line not in used and line.assumes and leaves_records(line):
            yield find(TrustFindingKind.UNUSED, principal=line.value, days=covered.covered_days)
