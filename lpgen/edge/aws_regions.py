"""Checks names of AWS Regions against the list in boto3."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from lpgen.errors import InvocationError, quote_input


def refuse_unknown_regions(regions: Iterable[str]) -> None:
    """Refuses a name that isn't a Region. A search of an unknown Region would find no logs without saying why.

    Raises:
        InvocationError: a name isn't a Region.
    """
    wanted = list(regions)
    if not wanted:
        return
    from botocore.loaders import Loader

    partitions = Loader().load_data("endpoints")["partitions"]
    known = {region for partition in partitions for region in partition["regions"]}
    for region in wanted:
        if region not in known:
            close = get_close_matches(region, sorted(known), n=1)
            meant = f"did you mean `{close[0]}`? " if close else ""
            hint = f"{meant}update boto3 if the Region is new"
            raise InvocationError(f"{quote_input(region)} is not a Region", hint=hint)
