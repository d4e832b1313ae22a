"""The words for the reasons why records don't count as usage."""

from __future__ import annotations

from typing import Final

from lpgen.core.model import SkipReason

SKIP_WORDS: Final[dict[SkipReason, str]] = {
    SkipReason.UNREADABLE_FILE: "files or lines that can't be read",
    SkipReason.NOT_CLOUDTRAIL: "files or parts of files without CloudTrail records",
    SkipReason.BAD_RECORD: "records with wrong types or without a name",
    SkipReason.UNKNOWN_VERSION: "records of an event version that this version of lpgen doesn't know",
    SkipReason.MISPLACED: "records in another account's folder, which aren't counted",
    SkipReason.DUPLICATE: "records that occur twice in their file",
    SkipReason.NO_TIME: "records without a time",
    SkipReason.FUTURE: "records later than the log itself: forged, or from a wrong clock",
    SkipReason.OUT_OF_WINDOW: "records outside the window",
    SkipReason.INSIGHT: "Insights events about call rates",
    SkipReason.AGGREGATED: "aggregated events: evidence that the named principal uses a service",
    SkipReason.SERVICE_EVENT: "events that a service recorded without a call",
    SkipReason.NETWORK_COPY: "copies of calls through a VPC endpoint",
    SkipReason.UNAUTHENTICATED: "calls whose credentials AWS refused",
    SkipReason.NO_PERMISSION: "calls that need no permission",
    SkipReason.UNMAPPED: "calls that the event map doesn't know",
    SkipReason.SERVICE_CALLER: "calls by an AWS service on its own",
    SkipReason.ROOT_CALLER: "calls by the root user",
    SkipReason.CROSS_ACCOUNT_CALLER: "calls from another account; harmless ones count for reviewed callers",
    SkipReason.FEDERATED_CALLER: "calls by a federated identity without a role",
    SkipReason.ANONYMOUS_CALLER: "calls without credentials",
    SkipReason.UNKNOWN_CALLER: "calls whose caller isn't named",
    SkipReason.DENIED: "denied calls",
    SkipReason.UNDETERMINED: "calls with an unknown outcome",
}
