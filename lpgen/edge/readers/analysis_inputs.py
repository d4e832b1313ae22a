"""Which files an analysis reads: those that were named, and for the rest those of a snapshot of the data folder."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

from lpgen.core.snapshots import NO_SNAPSHOT, SnapshotStamp
from lpgen.core.trails import TrailSource
from lpgen.edge.data_folder.snapshot_folder import TakenSnapshot, find_snapshot, open_snapshot
from lpgen.errors import InvocationError


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files and folders of the options of the same names. `snapshot` is what some of them are from, if any."""

    policies: tuple[Path, ...] = ()
    trails: tuple[Path, ...] = ()
    last_accessed: Path | None = None
    scps: Path | None = None
    resource_policies: Path | None = None
    rcps: Path | None = None
    resource_tags: tuple[Path, ...] = ()
    organization: Path | None = None
    schedules: tuple[Path, ...] = ()
    versioned_buckets: tuple[Path, ...] = ()
    functions: tuple[Path, ...] = ()
    snapshot: SnapshotStamp | None = None

    @property
    def trail_source(self) -> TrailSource:
        """The source of the statement that the logs of the trails were ingested."""
        used = self.snapshot is not None and "trails" in self.snapshot.used
        return TrailSource.SNAPSHOT if used else TrailSource.NAMED


def choose_inputs(named: Inputs, data: Path | None, wanted: str = "") -> Inputs:
    """The inputs named, completed by the newest snapshot of a data folder, or by the one wanted.

    Named inputs take precedence over the snapshot. Last accessed reports belong to the principals of their snapshot:
    where other policies are named they are left out.

    Raises:
        InvocationError: neither policies nor a snapshot are there, or not the one wanted.
        SnapshotError: the snapshot is damaged.
    """
    if data is None and wanted not in ("", NO_SNAPSHOT):
        raise InvocationError("a snapshot lies in a data folder", hint="give --data DIR too")
    folder = None if data is None or wanted == NO_SNAPSHOT else find_snapshot(data, wanted)
    if folder is not None:
        return _completed(named, open_snapshot(folder))
    if not named.policies:
        raise _without_policies(data, wanted)
    return named


def _without_policies(data: Path | None, wanted: str) -> InvocationError:
    take = "take a snapshot with `lpgen snapshot --data DIR`"
    if wanted == NO_SNAPSHOT:
        why, hint = "no snapshot is used", take
    elif data is None:
        why, hint = "no data folder is named", f"name with --data one that has a snapshot, {take}"
    elif data.is_dir():
        why, hint = f"`{data}` has no snapshot", take
    else:
        why, hint = f"there is no folder `{data}`", f"name the data folder that has the snapshot, {take}"
    return InvocationError(
        f"the policies are missing: {why}, and no file is named", hint=f"{hint}, or give --policies PATH"
    )


_FOR_EXPLANATIONS = ("rcps", "resource_tags", "organization")
"""Inputs that only an explanation uses, which says of each whether it is known."""


def _completed(named: Inputs, snapshot: TakenSnapshot) -> Inputs:
    chosen = Inputs(
        policies=named.policies or snapshot.policies,
        trails=named.trails or snapshot.trails,
        last_accessed=named.last_accessed or (None if named.policies else snapshot.last_accessed),
        scps=named.scps or snapshot.scps,
        resource_policies=named.resource_policies or snapshot.resource_policies,
        rcps=named.rcps or snapshot.rcps,
        resource_tags=snapshot.resource_tags,
        organization=snapshot.organization,
        schedules=snapshot.schedules,
        versioned_buckets=snapshot.versioned_buckets,
        functions=snapshot.functions,
    )
    changed = [one.name for one in fields(chosen) if getattr(chosen, one.name) != getattr(named, one.name)]
    used = [one for one in changed if one not in _FOR_EXPLANATIONS]
    if not used:
        return named
    return replace(chosen, snapshot=replace(snapshot.stamp, used=tuple(one.replace("_", " ") for one in used)))
