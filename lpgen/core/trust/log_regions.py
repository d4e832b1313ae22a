"""Whether the logs of an account hold the requests for sessions of all Regions.

STS records a request in the Region whose endpoint the caller used, and a request to its global endpoint in us-east-1.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_region-endpoints.html
https://aws.amazon.com/blogs/security/announcing-upcoming-changes-to-the-aws-security-token-service-global-endpoint
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from lpgen.core.analysis.caveats.inputs import unread_uses
from lpgen.core.analysis.grants.granting import ANY_REGION
from lpgen.core.analysis.observability.log_blind_spots import missing_home_region
from lpgen.core.analysis.observability.trail_coverage import Events, recording_trails, regions_of_events
from lpgen.core.evidence import LogCoverage
from lpgen.core.model import Principal
from lpgen.core.trails import Trail, trails_of_accounts

_NO_RECORD: Final = "the logs have no record of {region}, where requests to the global endpoint are recorded"
_USED: Final = "the logs have records only of {read}, though IAM says that {role} was last used in {region}"


def unread_regions(
    coverage: LogCoverage, principals: Collection[Principal], trails: Collection[Trail]
) -> Iterator[tuple[str, str]]:
    """Each account whose logs may lack requests of other Regions, with why, as a clause.

    Logs of all Regions have a record of the Region of the global endpoint. Settings of trails tell more.
    """
    serving = trails_of_accounts(trails, [read.account for read in coverage.accounts])
    uses = unread_uses(principals, coverage)
    for read in coverage.accounts:
        if (own := serving.get(read.account)) is not None and (why := _unrecorded(own)):
            yield read.account, why
        elif home := missing_home_region(read):
            yield read.account, _NO_RECORD.format(region=home)
        elif use := uses.get(read.account):
            role = use.role.rpartition("/")[2]
            yield read.account, _USED.format(read=", ".join(read.regions), role=role, region=use.region)


_SOURCES: Final = ("sts.amazonaws.com",)
_NAMES: Final = ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")


def _unrecorded(trails: tuple[Trail, ...]) -> str:
    """Why these trails don't record each request for a session, or ""."""
    regions = regions_of_events("sts", (), trails)
    events = Events("sts", "Management", "", (True,), _SOURCES, _NAMES, ("*",), (*regions, ANY_REGION))
    found = recording_trails(events, trails)
    return found if isinstance(found, str) else ""
