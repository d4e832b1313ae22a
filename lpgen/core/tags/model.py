"""What a proposal is made from, and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

from lpgen.core.analysis.observability.observability import Observability
from lpgen.core.documents import RowPart, means
from lpgen.core.evidence import LogCoverage
from lpgen.core.graph.world import World
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.tags.reasons import TagReason
from lpgen.core.tags.types import TaggedTypes
from lpgen.core.tags.use import UseOfTags
from lpgen.core.tags.writers import TagWriter, TagWriters


class UsedResource(RowPart, kw_only=True):
    """A used resource."""

    resource: Annotated[str, means("Its ARN, or a pattern of ARNs.")]
    value: Annotated[str | None, means("The value of its tag; null: not known.")]


class TagWindow(RowPart, kw_only=True):
    """What a condition made from earlier days would have refused afterwards."""

    until: Annotated[date, means("The last of the earlier days.")]
    refused: Annotated[tuple[str, ...], means("The resources whose use it would have refused in the next 30 days.")]
    unknown: Annotated[tuple[str, ...], means("The resources used then whose tag at that time isn't known.")]


@dataclass(frozen=True, slots=True)
class TagProposal:
    """A condition on one tag, for one statement and one type of resources. `document` is None if it is refused. `group`
    has the policy, or it is ""."""

    policy: str
    group: str
    statement: int
    sid: str
    type: str
    resources: tuple[str, ...]
    key: str
    values: tuple[str, ...]
    principal_tag: bool
    reasons: tuple[TagReason, ...]
    used: tuple[UsedResource, ...]
    excluded: tuple[str, ...]
    still_allowed: tuple[str, ...]
    added: tuple[dict[str, Any], ...] = ()
    document: dict[str, Any] | None = None
    writers: tuple[TagWriter, ...] = ()
    guard: dict[str, Any] | None = None
    backtest: tuple[TagWindow, ...] = ()

    @property
    def state(self) -> ProposalState:
        """Safe without reasons, refused if there is no document."""
        stated = ProposalState.UNSAFE if self.reasons else ProposalState.SAFE
        return stated if self.document else ProposalState.REFUSED


@dataclass(frozen=True, slots=True)
class PrincipalTags:
    """The proposals for a principal."""

    principal: str
    proposals: tuple[TagProposal, ...]


@dataclass(frozen=True, slots=True)
class TagReport:
    """The principals with proposals, sorted by ARN, and problems in the input files."""

    principals: tuple[PrincipalTags, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class TagWorld:
    """Everything that is known. `keys` are the only keys to propose (empty: all), `managers` ARNs of tag managers or
    patterns of them, and `abac` the buckets with attribute-based access control."""

    world: World
    types: TaggedTypes
    use: UseOfTags
    coverage: LogCoverage
    observability: Observability
    keys: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()
    min_days: int = 90
    abac: frozenset[str] = frozenset()
    writers: TagWriters = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "writers", TagWriters(self.world, self.use, self.managers))
