"""Why no replacement is written: it is too large, or the policies take too many steps to compare."""

from __future__ import annotations

from lpgen.core.registry.row import IAM_GUIDE, CaveatKind, Remedy, Row


class RefusedCaveat(CaveatKind):
    """What keeps a replacement from being written."""

    TOO_LARGE = Row(
        "too_large",
        "The replacement is larger than AWS allows, so none is written.",
        parameters={"needed": int, "room": str, "largest": str, "advice": str, "instead": str},
        message="the replacement of {needed:,} characters doesn't fit into {room} (largest: {largest}); {advice}",
        step=lambda *, instead, **_: (
            f"{f'attach {instead} or the like' if instead else 'split it into several'}, or drop kept actions by"
            " decisions"
        ),
        acceptable=False,
        rank=2,
        help="No wildcard was put in to make it fit.",
        to_do="split the role by what it does, or drop kept actions by decisions.",
        source=f"{IAM_GUIDE}/reference_iam-quotas.html",
        remedy=Remedy.LOOK,
    )
    UNPROVEN = Row(
        "unproven",
        "The policies are too complex to compare, so no replacement is written.",
        parameters={"why": str},
        message="{why}",
        step="rewrite its policies with fewer patterns, and with fewer wildcards in each",
        acceptable=False,
        rank=3,
        help="Comparing their patterns takes more steps than lpgen spends on one principal.",
        source=f"{IAM_GUIDE}/reference_policies_evaluation-logic.html",
        remedy=Remedy.LOOK,
    )
