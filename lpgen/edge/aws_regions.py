"""Checks names of AWS Regions against the list in boto3."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from lpgen.errors import InvocationError, quote_input


def regions_of_partition(partition: str) -> tuple[str, ...]:
    """The names of all Regions of a partition, sorted."""
    return tuple(sorted(_partitions().get(partition, ())))


def _partitions() -> dict[str, list[str]]:
    """The Regions by partition."""
    from botocore.loaders import Loader

    return {found["partition"]: list(found["regions"]) for found in Loader().load_data("endpoints")["partitions"]}


def refuse_unknown_regions(regions: Iterable[str]) -> None:
    """Refuses a name that isn't a Region. A search of an unknown Region would find no logs without saying why.

    Raises:
        InvocationError: a name isn't a Region.
    """
    wanted = list(regions)
    if not wanted:
        return
    known = {region for regions in _partitions().values() for region in regions}
    for region in wanted:
        if region not in known:
            close = get_close_matches(region, sorted(known), n=1)
            meant = f"did you mean `{close[0]}`? " if close else ""
            hint = f"{meant}update boto3 if the Region is new"
            raise InvocationError(f"{quote_input(region)} is not a Region", hint=hint)
