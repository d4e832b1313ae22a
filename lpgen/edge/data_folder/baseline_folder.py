"""Saves and reads baselines: states kept for later comparison. `docs/data-folder.md` describes their files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from lpgen.core.drift.states import Figures, KeptProposal, Stamp
from lpgen.core.iam.policy import policy_from_json, policy_to_json
from lpgen.core.model import Action
from lpgen.core.replacements import LeftPolicy
from lpgen.core.trails import TrailSource
from lpgen.core.usage.tables import Usage
from lpgen.edge.data_folder.immutable_folder import (
    SealedKind,
    SealedManifest,
    SealedWriter,
    open_sealed,
    read_manifest,
    sealed_names,
)
from lpgen.edge.data_folder.table_manifest import TABLE_MANIFEST
from lpgen.edge.data_folder.usage_files import USAGE_TABLES, read_usage_tables, write_usage_tables
from lpgen.edge.files import read_file
from lpgen.edge.spill import Place, Spill, pack_bytes
from lpgen.errors import BaselineError, InvocationError, quote_input, quote_reason
from lpgen.version import __version__

BASELINES: Final = "baselines"

_KIND: Final = SealedKind(
    "baseline",
    "saved",
    BaselineError,
    again="a baseline never changes: give another name",
    hint="save a new one with `lpgen baseline save`, or choose another with --since",
    format_version=3,
)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_ACTIONS: Final = "actions.json"
_PROPOSALS: Final = "proposals.json"
_SCPS: Final = "scps.json"
_BOUNDARY: Final = "boundary.json"
_POLICIES: Final = "policies"
_TRAILS: Final = "trails"
_USAGE: Final = "usage"


@dataclass(frozen=True, slots=True)
class BaselineFiles:
    """The files that a state was read from, and the source of its trails."""

    policies: tuple[Path, ...]
    trails: tuple[Path, ...] = ()
    scps: Path | None = None
    boundary: Path | None = None
    trail_source: TrailSource = TrailSource.NAMED


@dataclass(frozen=True, slots=True)
class _SavedStamp:
    """The stamp of a baseline's state, and when it was saved."""

    stamp: Stamp
    saved: datetime


@dataclass(frozen=True, slots=True)
class Baseline:
    """A complete baseline, unchanged since it was saved."""

    folder: Path
    saved: _SavedStamp
    files: BaselineFiles
    known_actions: frozenset[Action]
    proposals: Mapping[str, KeptProposal]
    tables_digest: str
    """The SHA-256 of the manifest of its usage tables."""

    def usage(self, *, stored: bool = False) -> Usage:
        """The usage tables. With `stored`, large tables are kept in temporary files.

        Raises:
            DataError: they are damaged, or have another schema.
        """
        return read_usage_tables(self.folder / _USAGE, self.tables_digest, stored=stored)


# ---------------------------------------------------------------- writing


def save_baseline(
    data: Path,
    stamp: Stamp,
    files: BaselineFiles,
    *,
    usage: Usage,
    known_actions: frozenset[Action],
    proposals: Iterable[KeptProposal],
    saved: datetime,
) -> Path:
    """Saves a state in the data folder under its stamp's name, completely or not at all, and returns its folder.

    Raises:
        InvocationError: the name isn't valid for a folder.
        BaselineError: the name is in use, or the baseline can't be written.
    """
    if not _NAME.fullmatch(stamp.name):
        hint = "use up to 64 letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
        raise InvocationError(f"{quote_input(stamp.name)} is not a valid name for a baseline", hint=hint)
    with SealedWriter(data / BASELINES, stamp.name, _KIND) as writer:
        for folder, paths in ((_POLICIES, files.policies), (_TRAILS, files.trails)):
            for number, path in enumerate(paths, start=1):
                writer.write(f"{folder}/{number:04}.json", read_file(path, BaselineError))
        for name, guard in ((_SCPS, files.scps), (_BOUNDARY, files.boundary)):
            if guard is not None:
                writer.write(name, read_file(guard, BaselineError))
        writer.write(_ACTIONS, _json(sorted(known_actions)))
        writer.write_parts(_PROPOSALS, _json_list(map(_facts_of_proposal, proposals)))
        write_usage_tables(writer.folder(_USAGE), usage)
        for name in (*USAGE_TABLES, TABLE_MANIFEST):
            writer.adopt(f"{_USAGE}/{name}")
        return writer.seal(
            {
                "name": stamp.name,
                "saved": saved.isoformat(),
                "as_of": stamp.as_of.isoformat(),
                "lpgen_version": __version__,
                "catalog": {"version": stamp.catalog_version, "date": stamp.catalog_date},
                "snapshot": stamp.snapshot,
                "trail_source": files.trail_source.value,
                "figures": asdict(stamp.figures),
            }
        )


def _json_list(items: Iterable[object]) -> Iterator[bytes]:
    """The bytes that `_json` gives for a list, one item at a time."""
    separator = "[\n "
    for item in items:
        text = json.dumps(item, indent=1, ensure_ascii=False).replace("\n", "\n ")
        yield f"{separator}{text}".encode(errors="surrogatepass")
        separator = ",\n "
    yield b"[]\n" if separator == "[\n " else b"\n]\n"


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode(errors="surrogatepass")


def _facts_of_proposal(proposal: KeptProposal) -> dict[str, object]:
    return {
        "principal": proposal.principal,
        "waiting_since": proposal.waiting_since.isoformat() if proposal.waiting_since else None,
        "dangerous": proposal.dangerous,
        "documents": [json.loads(policy_to_json(document)) for document in proposal.documents],
        "left_attached": [
            {"arn": policy.arn, "version": policy.version, "sha256": policy.sha256} for policy in proposal.left
        ],
    }


# ---------------------------------------------------------------- reading


class _Left(msgspec.Struct, frozen=True):
    arn: str
    version: str
    sha256: str


class _Proposal(msgspec.Struct, frozen=True):
    principal: str
    waiting_since: date | None
    dangerous: int
    documents: list[dict[str, Any]]
    left_attached: list[_Left]


class _CatalogFacts(msgspec.Struct, frozen=True):
    version: str
    date: str


class _BaselineManifest(SealedManifest, frozen=True):
    name: str
    saved: datetime
    as_of: date
    catalog: _CatalogFacts
    snapshot: str
    trail_source: TrailSource
    figures: Figures


def baseline_names(data: Path) -> tuple[str, ...]:
    """The names of the baselines of a data folder.

    Raises:
        BaselineError: their folder can't be read.
    """
    return sealed_names(data / BASELINES, _KIND)


def list_baselines(data: Path) -> tuple[_SavedStamp, ...]:
    """The stamps of the baselines of a data folder, oldest first.

    Raises:
        BaselineError: a baseline can't be read, or was edited.
    """
    folders = (data / BASELINES / name for name in baseline_names(data))
    found = (_stamp(read_manifest(folder, _KIND, _BaselineManifest)) for folder in folders)
    return tuple(sorted(found, key=lambda stamp: (stamp.stamp.as_of, stamp.saved, stamp.stamp.name)))


def find_baseline(data: Path, wanted: str = "") -> Path:
    """The folder of the baseline with a name, of the newest up to a day, or, for "", of the newest.

    Raises:
        InvocationError: no baseline matches.
        BaselineError: there are no baselines.
    """
    known = list_baselines(data)
    names = [stamp.stamp.name for stamp in known]
    if wanted in names:
        return data / BASELINES / wanted
    day = _day(wanted)
    found = [stamp.stamp.name for stamp in known if not wanted or (day is not None and stamp.stamp.as_of <= day)]
    if not found:
        hint = f"available: {', '.join(names[-5:])}" if names else "save one with `lpgen baseline save`"
        what = f"no baseline {quote_input(wanted)}" if wanted else "no baseline"
        error = InvocationError if wanted and names else BaselineError
        raise error(f"`{data}` has {what}{' or before' if day else ''}", hint=hint)
    return data / BASELINES / found[-1]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def open_baseline(folder: Path) -> Baseline:
    """A baseline, after checking every file against its manifest.

    Raises:
        BaselineError: it is damaged, edited, incomplete, or has another format.
    """
    manifest = open_sealed(folder, _KIND, _BaselineManifest)
    names = sorted(manifest.files)

    def below(name: str) -> tuple[Path, ...]:
        return tuple(folder / file for file in names if file.startswith(f"{name}/"))

    def part(name: str) -> Path | None:
        return folder / name if name in manifest.files else None

    try:
        actions = msgspec.json.decode((folder / _ACTIONS).read_bytes(), type=list[str])
        proposals = ProposalShelf()
        proposals.add_written((folder / _PROPOSALS).read_bytes())
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BaselineError(f"the baseline `{folder}` can't be read: {quote_reason(error)}", hint=_KIND.hint) from error
    return Baseline(
        folder,
        _stamp(manifest),
        BaselineFiles(below(_POLICIES), below(_TRAILS), part(_SCPS), part(_BOUNDARY), manifest.trail_source),
        frozenset(map(Action, actions)),
        proposals,
        manifest.files[f"{_USAGE}/{TABLE_MANIFEST}"].sha256,
    )


class ProposalShelf(Mapping[str, KeptProposal]):
    """Proposals in a temporary file. Each is read on request.

    Raises:
        OSError: the temporary folder is full; `TMPDIR` names another.
    """

    def __init__(self) -> None:
        self._spill = Spill()
        self._places: dict[str, Place] = {}

    def add(self, proposal: KeptProposal) -> None:
        """Adds a proposal."""
        self._add(_json(_facts_of_proposal(proposal)))

    def add_written(self, written: bytes) -> None:
        """Adds the proposals in a file of a baseline.

        Raises:
            msgspec.DecodeError: the bytes aren't such a file.
        """
        for item in msgspec.json.decode(written, type=list[msgspec.Raw]):
            self._add(bytes(item))

    def _add(self, written: bytes) -> None:
        principal = msgspec.json.decode(written, type=_Proposal).principal
        self._places[principal] = self._spill.add(pack_bytes(written))

    def __getitem__(self, principal: str) -> KeptProposal:
        return _kept(msgspec.json.decode(self._spill.read(self._places[principal]), type=_Proposal))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _stamp(manifest: _BaselineManifest) -> _SavedStamp:
    catalog = manifest.catalog
    stamp = Stamp(manifest.name, manifest.as_of, catalog.version, catalog.date, manifest.snapshot, manifest.figures)
    return _SavedStamp(stamp, manifest.saved)


def _kept(found: _Proposal) -> KeptProposal:
    documents = tuple(
        policy_from_json(document, place=f"proposal for {found.principal}") for document in found.documents
    )
    by_digest = {LeftPolicy("", "", policy).sha256: policy for policy in documents} if found.left_attached else {}
    left = tuple(
        LeftPolicy(left.arn, left.version, by_digest[left.sha256])
        for left in found.left_attached
        if left.sha256 in by_digest
    )
    return KeptProposal(found.principal, documents, found.waiting_since, found.dangerous, left)
