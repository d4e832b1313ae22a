"""Fetches the functions of an account with the log groups that they write to.

A function without a log group of its own writes to one that is named after it:
https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lpgen.core.snapshots import Subject
from lpgen.core.workloads import FunctionLogs
from lpgen.edge.aws_session import AwsSession, Caller, aws_errors
from lpgen.edge.snapshot.gap_list import GapList


def fetch_functions(session: AwsSession, caller: Caller, regions: Iterable[str], gaps: GapList) -> list[FunctionLogs]:
    """The functions in some Regions, sorted; a Region where they can't be listed is a gap."""
    found: list[FunctionLogs] = []
    for region in regions:
        pages: list[Mapping[str, Any]] = []
        with gaps.catch(caller.account, Subject.FUNCTIONS, where=region):
            client = session.known_client("lambda", region, caller.partition)
            with aws_errors("list functions"):
                pages = list(client.get_paginator("list_functions").paginate())
        for function in (function for page in pages for function in page["Functions"]):
            group = function.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{function['FunctionName']}"
            arn = f"arn:{caller.partition}:logs:{region}:{caller.account}:log-group:{group}"
            found.append(FunctionLogs(function["FunctionArn"], function["Role"], arn))
    return sorted(found, key=lambda function: function.function)
