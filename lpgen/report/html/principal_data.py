"""All that the page shows of one principal, as data for the page's script; every text in it is inert."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple
from urllib.parse import quote

from lpgen.core.findings import Report
from lpgen.core.model import Principal
from lpgen.report.documents.layout import Json
from lpgen.report.escaping import terminal_text
from lpgen.report.html.block_data import data_of_blocks, data_of_line
from lpgen.report.html.figures import figures_of_principal
from lpgen.report.html.policy_data import data_of_policies
from lpgen.report.html.shared import Shared
from lpgen.report.html.use_data import data_of_use
from lpgen.report.html.verdict_data import data_of_verdicts
from lpgen.report.html.wall_data import data_of_walls
from lpgen.report.pages.blocks import Block
from lpgen.report.pages.inverse_actions import undoing_blocks
from lpgen.report.pages.kept import all_kept_blocks, dropped_blocks, rule_blocks
from lpgen.report.pages.principal import check_blocks, identity_blocks, number_blocks, plan_blocks, safety_blocks
from lpgen.report.pages.use import (
    danger_blocks,
    dangerous_use_blocks,
    denied_blocks,
    ungranted_blocks,
    unmapped_blocks,
    wildcard_blocks,
)
from lpgen.report.pages.words import short_label_of, state_of
from lpgen.report.views import PrincipalView


def data_of_principal(view: PrincipalView, report: Report, shared: Shared) -> Json:
    """One principal's data; shared items are referred to by index."""
    return {
        "arn": terminal_text(view.diff.principal.arn),
        "label": terminal_text(short_label_of(view.diff.principal)),
        "account": terminal_text(view.diff.principal.account),
        "state": data_of_line((state_of(view),))[0],
        "figures": [astuple(one) for one in figures_of_principal(view)],
        "replaced": view.has_documents,
        "identity": data_of_blocks(identity_blocks(view)),
        "safety": data_of_blocks(safety_blocks(view)),
        "numbers": data_of_blocks(number_blocks(view)),
        "walls": data_of_walls(view),
        "policies": data_of_policies(view, shared),
        "verdicts": data_of_verdicts(view, shared),
        "use": data_of_use(view, report),
        "findings": [[anchor, data_of_blocks(blocks)] for anchor, blocks in _findings(view) if blocks],
        "plan": data_of_blocks((*plan_blocks(view), *check_blocks(view))),
    }


def anchor_of(principal: Principal) -> str:
    """The fragment under which the page shows a principal."""
    return f"p={quote(terminal_text(principal.arn), safe='')}"


def _findings(view: PrincipalView) -> Iterable[tuple[str, tuple[Block, ...]]]:
    """The findings that a reader should know about a principal, by the name of the part, the most pressing first."""
    yield "ungranted", tuple(ungranted_blocks(view.diff.ungranted))
    yield "unmapped", tuple(unmapped_blocks(view))
    yield "dangerous-use", tuple(dangerous_use_blocks(view.diff.dangerous))
    yield "dangers", tuple(danger_blocks(view))
    yield "undoing", tuple(undoing_blocks(view.lost_undoings))
    yield from all_kept_blocks(view).items()
    yield "dropped", tuple(dropped_blocks(view.diff.dropped))
    yield "wildcards", tuple(wildcard_blocks(view.diff.wildcards))
    yield "rules", tuple(rule_blocks(view))
    yield "denied", tuple(denied_blocks(view.denied))
