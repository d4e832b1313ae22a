"""A Deny of Regions that no account of a unit uses."""

from __future__ import annotations

from typing import Final

from lpgen.core.arns import OTHER_PARTITIONS
from lpgen.core.guardrails.organization import special_regions
from lpgen.core.guardrails.reasons import Reason, ReasonKind, reason
from lpgen.core.guardrails.scp import Parts, UnitDraft, except_for, kept_because, uses_by_name

_HOME: Final = "global services have their endpoints in it"
_REACHED: Final = "resources are in it, or reach it from other Regions"
_DENIED: Final = "an SCP of today denies it"
_SID: Final = "LpgenUnusedRegions"
_PROBES: Final = ("ec2:RunInstances", "lambda:CreateFunction", "s3:CreateBucket")
_EVERY: Final = "*"


def unused_regions(draft: UnitDraft) -> Parts:
    """The Regions without a call, without a resource, and that no resource of another Region reaches.

    The Deny leaves out global services and the Region of their endpoints. Requests through an inference profile are
    authorized in the Region that runs them, so the Regions that resources reach stay allowed.
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
    https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html
    """
    known = draft.world.organized.regions
    kept = uses_by_name(draft.calls, lambda call: (call.region,) if call.region else ())
    homes = ["us-east-1", *(home for _, _, home in OTHER_PARTITIONS)]
    kept = {**{home: kept_because(home, _HOME) for home in homes if home in known}, **kept}
    reached: dict[str, list[str]] = {}
    organized, profiles = draft.world.organized, draft.profiles
    used = ((region, arn) for arn in profiles for region in special_regions(arn))
    for place, arn in (*organized.regions_with_resources(draft.unit), *used):
        everywhere = () if special_regions(arn) else known
        for region in everywhere if place == _EVERY else (place,):
            if region and region not in kept:
                reached.setdefault(region, []).append(arn)
    kept |= {region: kept_because(region, _REACHED) for region in reached}
    denied = [name for name in known if name not in kept and all(draft.denied_today(one, name) for one in _PROBES)]
    allowed = sorted(kept)
    kept |= {name: kept_because(name, _DENIED) for name in denied}
    denies = tuple(sorted(set(known) - kept.keys()))
    condition = {
        "StringNotEquals": {"aws:RequestedRegion": allowed},
        **except_for(one.principal for one in draft.outside),
    }
    rest = {"NotAction": list(draft.facts.global_actions), "Resource": "*", "Condition": condition}
    reasons: list[Reason] = []
    if reached:
        reasons.append(reason(ReasonKind.REGION_REACHED, (arn for arns in reached.values() for arn in arns)))
    listed = {one.arn for one in organized.inventory or ()}
    unlisted = [arn for arn in profiles if arn not in listed and not special_regions(arn)]
    if organized.inventory is None or unlisted:
        reasons.append(reason(ReasonKind.RESOURCES_UNKNOWN, unlisted))
    statements = ({"Sid": _SID, "Effect": "Deny", **rest},)
    rows = tuple(kept[name] for name in sorted(kept))
    return Parts(denies, rows, statements, draft.outside, tuple(reasons), already=bool(denied))
