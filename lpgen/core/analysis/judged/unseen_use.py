"""What a principal may have used without a record of its own, as far as AWS's pages and the policies tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lpgen.core.analysis.judged.service_demands import Demand
from lpgen.core.model import Action


@dataclass(frozen=True, slots=True)
class UnseenUse:
    """`hidden` are the roles that its calls may have passed without naming them, each with why; `needed` the actions
    that are checked within its calls, each with these; `demands` what services need of it seldom."""

    hidden: Mapping[str, str]
    needed: Mapping[Action, tuple[Action, ...]]
    demands: Mapping[Action, Demand]
