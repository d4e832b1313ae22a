"""Functions of AWS Lambda: which roles they run with, and the log groups that they are configured to write to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FunctionLogs:
    """One function: its ARN, the ARN of its role, and the ARN of its log group."""

    function: str
    role: str
    log_group: str


def log_groups_by_role(functions: Iterable[FunctionLogs]) -> Mapping[str, frozenset[str]]:
    """The ARNs of the log groups that the functions of each role write to."""
    found: dict[str, set[str]] = defaultdict(set)
    for function in functions:
        found[function.role].add(function.log_group)
    return {role: frozenset(groups) for role, groups in found.items()}
