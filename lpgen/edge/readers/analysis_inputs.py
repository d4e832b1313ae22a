"""Which files an analysis reads: those that were named, and for the rest those of a snapshot of the data folder."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, fields, replace
from pathlib import Path

from lpgen.core.snapshots import NO_SNAPSHOT, SnapshotStamp
from lpgen.core.trails import TrailSource
from lpgen.edge.data_folder.snapshot_folder import InputFiles, TakenSnapshot, find_snapshot, open_snapshot
from lpgen.errors import InvocationError


@dataclass(frozen=True, slots=True)
class Inputs(InputFiles):
    """The inputs of an analysis. `snapshot` is what some of them are from, if any."""

    snapshot: SnapshotStamp | None = None

    @property
    def trail_source(self) -> TrailSource:
        """The source of the statement that the logs of the trails were ingested."""
        used = self.snapshot is not None and "trails" in self.snapshot.used
        return TrailSource.SNAPSHOT if used else TrailSource.NAMED


def choose_inputs(named: Inputs, data: Path | None, wanted: str = "", *, needs_policies: bool = True) -> Inputs:
    """The inputs named, completed by the newest snapshot of a data folder, or by the one wanted.

    Named inputs take precedence over the snapshot. Last accessed reports belong to the principals of their snapshot:
    where other policies are named they are left out.

    Raises:
        InvocationError: neither policies nor a snapshot are there and it needs policies, or there is no data folder, or
            not the snapshot wanted.
        SnapshotError: the snapshot is damaged.
    """
    if data is None and wanted not in ("", NO_SNAPSHOT):
        raise InvocationError("a snapshot lies in a data folder", hint="give --data DIR too")
    folder = None if data is None or wanted == NO_SNAPSHOT else find_snapshot(data, wanted)
    if folder is not None:
        return _completed(named, open_snapshot(folder))
    if not named.policies and (needs_policies or data is None or not data.is_dir()):
        raise _without_policies(data, wanted)
    return named


def _without_policies(data: Path | None, wanted: str) -> InvocationError:
    take = f"take a snapshot with `lpgen snapshot --data {shlex.quote(str(data))}`" if data else "take a snapshot"
    if wanted == NO_SNAPSHOT:
        why, hint = "no snapshot is used", take
    elif data is None:
        why, hint = "no data folder is named", "name with --data one that has a snapshot"
    elif data.is_dir():
        why, hint = f"`{data}` has no snapshot", take
    else:
        why, hint = f"there is no folder `{data}`", "name the data folder that has the snapshot"
    return InvocationError(
        f"the policies are missing: {why}, and no file is named", hint=f"{hint}, or give --policies PATH"
    )


_FOR_EXPLANATIONS = ("rcps", "resource_tags", "organization")
"""Inputs that only an explanation uses, which says of each whether it is known."""


def _completed(named: Inputs, snapshot: TakenSnapshot) -> Inputs:
    found = replace(snapshot, last_accessed=None) if named.policies else snapshot
    chosen = Inputs(*(getattr(named, one.name) or getattr(found, one.name) for one in fields(InputFiles)))
    changed = [one.name for one in fields(chosen) if getattr(chosen, one.name) != getattr(named, one.name)]
    used = [one for one in changed if one not in _FOR_EXPLANATIONS]
    if not used:
        return named
    return replace(chosen, snapshot=replace(snapshot.stamp, used=tuple(one.replace("_", " ") for one in used)))
