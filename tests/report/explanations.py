"""Explanation values for the renderers, made by hand: one with every part there is, and ones with hardly any."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from lpgen.core.analysis.grants.trust import OutsideTrustKind
from lpgen.core.choices import Severity
from lpgen.core.evidence import AccountCoverage, Evidence, RecordedContext, StatementRef, Use
from lpgen.core.explanations import (
    ConditionState,
    ExplainedStatement,
    ExplainedWall,
    Explanation,
    Fit,
    Question,
    SeenUse,
    SeenUses,
    UseOn,
    WallState,
    WhoCan,
)
from lpgen.core.findings import OutsideTrust
from lpgen.core.iam.decision import Answer, Layer, Result
from lpgen.core.model import (
    NO_RESOURCE,
    OBSERVED,
    UNKNOWN_RESOURCE,
    Action,
    Condition,
    DenialKind,
    Effect,
    Outcome,
    PolicyKind,
    Principal,
    PrincipalKind,
    Resource,
    ResourceKind,
)
from tests.report.reports import MANAGEMENT

ACCOUNT = "111122223333"
PRICES = "arn:aws:s3:::larkspur-prices/2026/q3.csv"
SHARED = f"arn:aws:iam::{ACCOUNT}:policy/shared/prices-access"
EDGE = f"arn:aws:iam::{ACCOUNT}:policy/boundaries/edge"


def everything() -> Explanation:
    """An explanation that depends, with every kind of wall, statement and use."""
    return Explanation(
        Question(
            _user(),
            "s3:GetObjekt",
            False,
            ("s3:GetObject", "s3:PutObject"),
            Resource(ResourceKind.ARN, PRICES),
            {"aws:username": ("tomas.lindqvist",), "aws:SourceVpce": (), "aws:SourceIp": ("203.0.113.7",)},
            ("aws:SourceVpce", "aws:SourceIp"),
            ("s3:GetObjekt takes no resource of that form; it takes arn:${Partition}:s3:::${BucketName}",),
        ),
        Result.DEPENDS,
        f"Depends on aws:MultiFactorAuthPresent and {EDGE}, whose document is missing.",
        (EDGE, "aws:MultiFactorAuthPresent", "resource", "resource policy"),
        "",
        ("level 2 of the SCPs",),
        (_own(), _boundary(), _scps(0, WallState.OPEN), _scps(1, WallState.SHUT), _bucket()),
        (
            "each level of the organization's SCPs must also allow the request: give them with --scps",
            "session policies and VPC endpoint policies could deny the request: lpgen doesn't read them here",
        ),
        _seen(),
        "Same account: an Allow in the principal's own policies or in the resource's policy is enough.",
        ("level 2 of the SCPs",),
    )


def denied() -> Explanation:
    """An implicit deny that the logs contradict, on an action that takes no resource."""
    question = replace(
        everything().question, action="ec2:DescribeVolumes", known=True, similar=(), resource=NO_RESOURCE, remarks=()
    )
    shut = ExplainedWall(Layer.IDENTITY, 0, WallState.SHUT, (), 2)
    seen = SeenUses((SeenUse(_use("*", Outcome.ALLOWED, kind=ResourceKind.NONE), UseOn.ASKED),), "", _coverage())
    sentence = "Implicitly denied: no Allow in its own policies matches."
    return Explanation(
        question,
        Result.IMPLICITLY_DENIED,
        sentence,
        (),
        "",
        ("its own policies",),
        (shut,),
        (),
        seen,
        lacking=("its own policies",),
    )


def unread() -> Explanation:
    """A call that needs no permission, without a data folder."""
    question = replace(denied().question, action="sts:GetCallerIdentity", resource=UNKNOWN_RESOURCE)
    rule = "this call needs no permission, and policies can't deny it"
    return Explanation(question, Result.ALLOWED, f"Allowed: {rule}.", (), rule, (), (), (), None)


def who() -> WhoCan:
    """Answers for four principals of two accounts: two that are allowed, one of them open to outsiders."""
    used, idle, opened, blind = (
        _answer(name, Result.ALLOWED, seen)
        for name, seen in (
            ("used", SeenUses((SeenUse(_use(PRICES, Outcome.ALLOWED), UseOn.ASKED),), "", _coverage())),
            ("idle", SeenUses((), "", _coverage())),
            ("open", SeenUses((), "", None)),
            ("blind", SeenUses((), "it leaves a data event, and the logs have no data events", _coverage())),
        )
    )
    outsider = {"case": "account", "who": "999988887777", "limits": "sts:ExternalId", "under": ", if it says who it is"}
    trust = OutsideTrust(
        OutsideTrustKind.OUTSIDE_TRUST, outsider, principal=opened.question.principal.arn, severity=Severity.HIGH
    )
    maybe = replace(_answer("maybe", Result.DEPENDS, idle.seen), depends_on=("resource",))
    refused = replace(
        _answer("refused", Result.EXPLICITLY_DENIED, used.seen), sentence="Explicitly denied by access, statement 1."
    )
    unread = (
        "each level of the organization's SCPs must also allow the request: give them with --scps",
        "callers that aren't in the given policies",
    )
    return WhoCan("role/*", (opened, idle, blind, used, maybe, refused), (trust,), unread)


def many(number: int) -> WhoCan:
    """So many principals that are allowed, and as many for which it depends."""
    made = [
        replace(_answer(f"{result.lower()}-{at:05}", result, None), depends_on=("resource",))
        for result in (Result.ALLOWED, Result.DEPENDS)
        for at in range(number)
    ]
    return WhoCan("*", tuple(made), (), who().unread)


def _answer(name: str, result: Result, seen: SeenUses | None) -> Explanation:
    """The answer for a role, which a statement allows on a wildcard."""
    principal = replace(_user(), arn=f"arn:aws:iam::{ACCOUNT}:role/app/{name}", kind=PrincipalKind.ROLE, name=name)
    question = replace(everything().question, principal=principal, action="s3:GetObject", known=True, remarks=())
    own = StatementRef(f"arn:aws:iam::{ACCOUNT}:policy/{name}-access", PolicyKind.CUSTOMER_MANAGED, "", 0, "Prices")
    fit = Fit.MAY_APPLY if result is Result.DEPENDS else Fit.APPLIES
    statement = _statement(own, ("s3:Get*",), fit=fit, today=70, resources=("arn:aws:s3:::larkspur-*/*",))
    wall = ExplainedWall(Layer.IDENTITY, 0, WallState.OPEN, (statement,), 1)
    return Explanation(question, result, f"{result} by {own}.", (), "", (), (wall,), (), seen)


def _user() -> Principal:
    return Principal(
        arn=f"arn:aws:iam::{ACCOUNT}:user/tomas.lindqvist",
        principal_id="AIDATOMAS",
        account=ACCOUNT,
        kind=PrincipalKind.USER,
        name="tomas.lindqvist",
        path="/",
        created=None,
        last_used=None,
        policies=(),
        boundary=None,
        trust=None,
        groups=("analysts",),
        instance_profiles=(),
        tags=(),
    )


# ---------------------------------------------------------------- walls


def _statement(
    ref: StatementRef,
    actions: tuple[str, ...],
    *,
    effect: Effect = Effect.ALLOW,
    fit: Fit = Fit.APPLIES,
    today: int = 1,
    resources: tuple[str, ...] = ("*",),
    conditions: tuple[ConditionState, ...] = (),
    depends_on: tuple[str, ...] = (),
    named: str = "",
    not_action: bool = False,
    not_resource: bool = False,
) -> ExplainedStatement:
    return ExplainedStatement(
        ref,
        effect,
        fit,
        actions,
        not_action,
        today,
        resources,
        not_resource,
        conditions,
        depends_on,
        named,
    )


def _condition(operator: str, key: str, *values: str, met: Answer) -> ConditionState:
    return ConditionState(Condition(operator, key, values), met)


def _own() -> ExplainedWall:
    mfa = _condition("BoolIfExists", "aws:MultiFactorAuthPresent", "false", met=Answer.MAYBE)
    address = _condition("IpAddress", "aws:SourceIp", "203.0.113.0/24", met=Answer.YES)
    endpoint = _condition("StringEquals", "aws:SourceVpce", "vpce-1", "vpce-2", met=Answer.NO)
    own = StatementRef("access", PolicyKind.INLINE, "", 0, "")
    shared = StatementRef(SHARED, PolicyKind.CUSTOMER_MANAGED, "analysts", 2, "Prices")
    bucket = "arn:aws:s3:::larkspur-prices"
    return ExplainedWall(
        Layer.IDENTITY,
        0,
        WallState.DEPENDS,
        (
            _statement(
                replace(own, sid="Mfa"),
                ("*",),
                effect=Effect.DENY,
                fit=Fit.MAY_APPLY,
                today=22_091,
                conditions=(mfa,),
                depends_on=("aws:MultiFactorAuthPresent",),
            ),
            _statement(shared, ("s3:Get*", "s3:*Object"), today=70, resources=(f"{bucket}/*",), conditions=(address,)),
            _statement(
                replace(own, index=1),
                ("iam:*", "organizations:*"),
                today=21_800,
                not_action=True,
                not_resource=True,
                resources=("arn:aws:s3:::larkspur-payroll", "arn:aws:s3:::larkspur-payroll/*"),
            ),
            _statement(replace(own, index=2), ("s3:*",), fit=Fit.OTHER_RESOURCE, resources=(f"{bucket}-old/*",)),
            _statement(replace(own, index=3), ("s3:*",), fit=Fit.CONDITION, conditions=(address, endpoint)),
        ),
        2,
    )


def _boundary() -> ExplainedWall:
    return ExplainedWall(Layer.BOUNDARY, 0, WallState.UNKNOWN, (), 0, (EDGE,))


def _scps(level: int, state: WallState) -> ExplainedWall:
    ref = StatementRef(f"SCP 1 of level {level + 1}", PolicyKind.SCP, "", 0, "FullAccess")
    found = (_statement(ref, ("*",), today=22_091),) if state is WallState.OPEN else ()
    return ExplainedWall(Layer.SCP, level, state, found, 1)


def _bucket() -> ExplainedWall:
    arn = "arn:aws:s3:::larkspur-prices"
    ref = StatementRef(arn, PolicyKind.RESOURCE, "", 0, "")
    return ExplainedWall(
        Layer.RESOURCE,
        0,
        WallState.DENIES,
        (
            _statement(ref, ("s3:GetObject",), effect=Effect.DENY, resources=(), named="itself"),
            _statement(replace(ref, index=1), ("s3:*",), fit=Fit.OTHER_PRINCIPAL),
        ),
        1,
        of=arn,
    )


# ---------------------------------------------------------------- use


def _use(
    text: str,
    outcome: Outcome,
    *,
    kind: ResourceKind = ResourceKind.ARN,
    how: str = OBSERVED,
    wall: DenialKind = DenialKind.NONE,
    records: int = 12,
) -> Use:
    evidence = Evidence(
        records, "2026-07-02T06:12:09Z", "2026-09-29T22:40:51Z", "c1c1c1c1-0000-4000-8000-000000000007", text
    )
    error = "AccessDenied" if outcome is Outcome.DENIED else ""
    contexts = (RecordedContext("us-east-1"),)
    return Use(Action("s3:GetObjekt"), Resource(kind, text), outcome, how, wall, error, contexts, evidence)


def _coverage() -> AccountCoverage:
    first, last = date(2026, 6, 3), date(2026, 9, 30)
    return AccountCoverage(ACCOUNT, first, last, 118, (), ("us-east-1",), 9_000, MANAGEMENT)


def _seen() -> SeenUses:
    return SeenUses(
        (
            SeenUse(_use(PRICES, Outcome.ALLOWED), UseOn.ASKED),
            SeenUse(_use(PRICES, Outcome.DENIED, wall=DenialKind.SCP, records=1), UseOn.ASKED),
            SeenUse(
                _use("arn:aws:s3:::larkspur-prices/2026/*", Outcome.ALLOWED, kind=ResourceKind.FOLD), UseOn.PERHAPS
            ),
            SeenUse(_use("*", Outcome.UNDETERMINED, kind=ResourceKind.UNKNOWN), UseOn.PERHAPS),
            SeenUse(
                _use("arn:aws:s3:::larkspur-old/x", Outcome.ALLOWED, how="copy-source"),
                UseOn.OTHER,
                "the copy reads its source with the caller's permissions",
            ),
        ),
        "it leaves a data event, and the logs have no data events of s3.amazonaws.com in eu-west-1",
        _coverage(),
        earlier=3,
    )
