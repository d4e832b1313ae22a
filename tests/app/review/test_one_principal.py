"""A review of one principal is its part of the review of all, whether its values are made or were kept."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, combinations
from pathlib import Path
from typing import IO, NoReturn

import pytest

from lpgen.app.inputs import AnalysisInputs
from lpgen.app.output import generate, inputs_of_output, review_parts
from lpgen.app.review import Review, open_review
from lpgen.app.verify import verify
from lpgen.core.findings import Proposal
from lpgen.core.options import Options
from lpgen.core.replacements import CheckStatus, Decision, DecisionKind
from lpgen.core.usage.columns import column_values, flag_column
from lpgen.core.usage.tables import EMPTY_USAGE
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.data_folder.kept_values import KEPT
from lpgen.edge.data_folder.ledger import open_ledger
from lpgen.edge.data_folder.table_manifest import Segments, copy_segment, read_manifest
from lpgen.edge.data_folder.usage_files import (
    is_in_parts,
    read_usage,
    remove_stale_usage,
    write_usage,
    write_usage_part,
)
from lpgen.edge.logs.log_files import bundled_sample_logs
from lpgen.edge.readers.iam_snapshot import OutlinedPolicies, outline_policies
from lpgen.errors import DamageError, InvocationError, SnapshotError
from lpgen.report.render import PRINCIPAL
from lpgen.report.summary import PrincipalSummary
from lpgen.report.views import PrincipalView

FEW = 4
ROWS = 64
"""So many rows are in a row group of the small data folder."""

SAMPLES = bundled_sample_logs()


@dataclass(frozen=True, slots=True)
class World:
    """A data folder and policies."""

    data: Path
    policies: Path

    def inputs(self, options: Options = Options()) -> AnalysisInputs:  # noqa: B008
        return AnalysisInputs(self.data, [self.policies], bundled_catalog(), options)

    def copied(self, folder: Path) -> World:
        policies = shutil.copytree if self.policies.is_dir() else shutil.copyfile
        return World(shutil.copytree(self.data, folder / "data"), Path(policies(self.policies, folder / "policies")))


@pytest.fixture(scope="module")
def small(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Some roles of the sample organization, and one that did nothing, with the use of these and of few others."""
    folder = tmp_path_factory.mktemp("small")
    (largest, *_) = sorted(SAMPLES.policies.glob("*.json"), key=lambda path: -path.stat().st_size)
    details = json.loads(largest.read_bytes())
    roles = details["RoleDetailList"][:FEW]
    idle = {**roles[0], "RoleName": "idle", "Arn": roles[0]["Arn"].rpartition("/")[0] + "/idle", "RoleId": "AROAIDLE"}
    policies = folder / "policies.json"
    policies.write_text(json.dumps({**details, "RoleDetailList": [*roles, idle], "UserDetailList": []}))
    usage = read_usage(sample_data)
    chosen = {detail["Arn"] for detail in details["RoleDetailList"][: FEW + 2]}
    is_one = flag_column([value in chosen for value in column_values(usage.table.column("principal"))])
    with pytest.MonkeyPatch.context() as patch, open_ledger(folder / "data") as ledger:
        patch.setattr("lpgen.edge.data_folder.usage_files._ROW_GROUP_ROWS", ROWS)
        ledger.commit(write_usage(folder / "data", replace(usage, table=usage.table.filter(is_one))))
    return World(folder / "data", policies)


@pytest.fixture(params=["small", pytest.param("whole", marks=pytest.mark.slow)])
def world(request: pytest.FixtureRequest, small: World, sample_data: Path, tmp_path: Path) -> World:
    """A small part of the sample organization, or the whole."""
    chosen = small if request.param == "small" else World(sample_data, SAMPLES.policies)
    return chosen.copied(tmp_path)


@pytest.fixture
def part(small: World, tmp_path: Path) -> World:
    return small.copied(tmp_path)


@pytest.fixture(autouse=True)
def keep_small_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps values of folders as small as that of the sample organization too."""
    monkeypatch.setattr("lpgen.app.review.FEWEST_ROWS", 0)


def opened(world: World, principal: str = "", *, options: Options = Options()) -> Review:  # noqa: B008
    chosen = Options(principal=principal) if principal else options
    return open_review(world.inputs(chosen))


def pages_of(proposal: Proposal) -> tuple[str, PrincipalSummary, tuple[str, ...]]:
    """The ARN of a proposal, its summary, and its part of each format."""
    view = PrincipalView(proposal)
    return proposal.diff.principal.arn, view.summary, tuple(PRINCIPAL.text(view, form) for form in PRINCIPAL.rows)


def text_of(world: World, principal: str = "", *, options: Options = Options()) -> str:  # noqa: B008
    return "".join(review_parts(opened(world, principal, options=options), "json"))


def made_text(world: World, principal: str = "", *, options: Options = Options()) -> str:  # noqa: B008
    """The same where nothing is kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lpgen.app.review.FEWEST_ROWS", 1 << 40)
        return text_of(world, principal, options=options)


def kept_text(world: World, principal: str = "", *, options: Options = Options()) -> str:  # noqa: B008
    """The same from kept values only."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("it isn't kept")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("_shared_use_from_usage", "coverage_from_usage"):
            patch.setattr(f"lpgen.core.analysis.prepare.{name}", refuse)
        for name in ("places_from_usage", "outline_policies"):
            patch.setattr(f"lpgen.app.review.{name}", refuse)
        return text_of(world, principal, options=options)


def kept_files(data: Path) -> list[Path]:
    return sorted(path for path in (data / KEPT).rglob("*") if path.is_file())


# ---------------------------------------------------------------- the same answer


def test_review_of_one_principal_is_its_part_of_the_review_of_all(world: World) -> None:
    review = opened(world)
    pages = {one[0]: one for one in review.map(pages_of)}
    assert len(pages) > FEW
    for arn, page in pages.items():
        one = opened(world, arn)
        assert list(one.map(pages_of)) == [page]
        assert one.report.diff == review.report.diff
        assert one.report.problems == review.report.problems
        assert one.report.trust == tuple(found for found in review.report.trust if found.principal == arn)


def test_review_is_the_same_whether_its_values_are_made_or_kept(world: World) -> None:
    first = made_text(world)
    assert not kept_files(world.data)
    assert text_of(world) == first
    assert kept_text(world) == first


def test_policy_files_of_one_principal_are_those_of_all(world: World, tmp_path: Path) -> None:
    whole = generated(world, tmp_path / "whole", "")
    found: dict[str, bytes] = {}
    for number, arn in enumerate(sorted(arn for arn, *_ in opened(world).map(pages_of))):
        one = generated(world, tmp_path / str(number), arn)
        assert not found.keys() & one.keys()
        found |= one
    assert found == whole
    assert whole


def generated(world: World, output: Path, principal: str) -> Mapping[str, bytes]:
    """The policy files that are generated for some principals, by their paths."""
    inputs = world.inputs(Options(principal=principal))
    review = open_review(inputs)
    generate(review, output, inputs_of_output(review.report.generation, inputs))
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in output.rglob("policy-*.json")}


def test_verify_never_reads_what_reviews_kept(part: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can write to the data folder could forge it."""
    generated(part, tmp_path / "out", "")
    assert kept_files(part.data)

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("kept values were asked for")

    monkeypatch.setattr("lpgen.app.review.kept_values", refuse)
    found = verify(tmp_path / "out", AnalysisInputs(part.data, [part.policies], bundled_catalog(), Options()))
    assert found.status is not CheckStatus.FAILED
    assert found.principals


def test_unknown_principal_gets_the_nearest_name(part: World) -> None:
    for _ in range(2):
        with pytest.raises(InvocationError, match="no principal in the policies matches") as caught:
            opened(part, "role/idel")
        assert "idle" in str(caught.value.hint)


# ---------------------------------------------------------------- other inputs


def test_other_inputs_never_get_kept_values_of_the_first_ones(part: World) -> None:
    arn = next(arn for arn, _, texts in opened(part).map(pages_of) if "s3:" in "".join(texts))
    drop = Decision(DecisionKind.DROP, "*", "s3:*", "", "", "2000-01-01", "", "moved", "me", "")
    other = Options(principal=arn, decisions=(drop,), min_days=3)
    assert text_of(part, options=other) == made_text(part, options=other)
    assert kept_text(part, options=other) != kept_text(part, arn)


def test_changed_policies_never_get_kept_values_of_the_first_ones(part: World) -> None:
    arn = next(arn for arn, _, texts in opened(part).map(pages_of) if "s3:" in "".join(texts))
    text = part.policies.read_text()
    part.policies.write_text(text.replace("s3:", "sqs:"))
    assert text_of(part, arn) == made_text(part, arn)
    part.policies.write_text(text)
    assert kept_text(part, arn) == made_text(part, arn)


def test_policies_that_change_while_they_are_read_are_refused(part: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_and_change(paths: Sequence[Path]) -> OutlinedPolicies:
        found = outline_policies(paths)
        part.policies.write_text(part.policies.read_text() + " ")
        return found

    monkeypatch.setattr("lpgen.app.review.outline_policies", read_and_change)
    with pytest.raises(SnapshotError, match="changed while they were read"):
        opened(part)
    assert not kept_files(part.data)


def test_folder_in_parts_keeps_its_values_until_the_next_ingest(part: World) -> None:
    usage = read_usage(part.data)
    with open_ledger(part.data) as ledger:
        added = replace(EMPTY_USAGE, table=usage.table.slice(0, 9), coverage=usage.coverage.slice(0, 9))
        generation = write_usage_part(part.data, ledger.generation, added)
        ledger.commit(generation, [])
    assert is_in_parts(part.data, generation)
    first = made_text(part)
    assert text_of(part) == kept_text(part) == first
    remove_stale_usage(part.data, generation)
    assert kept_files(part.data)
    remove_stale_usage(part.data, "another")
    assert not kept_files(part.data)


# ---------------------------------------------------------------- damage


def test_damaged_and_half_written_values_are_made_again(part: World) -> None:
    first = text_of(part)
    files = kept_files(part.data)
    contents = {path: path.read_bytes() for path in files}
    for path, content in contents.items():
        damaged = (b"", content[:-1], content[:40] + bytes([content[40] ^ 1]) + content[41:], content[:20])
        path.write_bytes(damaged[files.index(path) % len(damaged)])
        assert text_of(part) == first
    assert {path: path.read_bytes() for path in kept_files(part.data)} == contents


@pytest.mark.slow
def test_planted_values_are_made_again(part: World, tmp_path: Path) -> None:
    """Whoever plants a file gives it a digest that fits, or a link or a pipe in its place."""
    first = text_of(part)
    for path in kept_files(part.data):
        content = path.read_bytes()
        other = next(
            file for file in kept_files(part.data) if file.name.partition("-")[0] != path.name.partition("-")[0]
        )
        for planted in (other.read_bytes(), sealed(b""), sealed(b"\xc1"), sealed(content[32:-1])):
            path.write_bytes(planted)
            assert text_of(part) == first
            assert path.read_bytes() == content
        path.unlink()
        os.mkfifo(path)
        assert text_of(part) == first
        assert path.read_bytes() == content
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
        assert text_of(part) == first
        assert not path.is_symlink()
        assert path.read_bytes() == content


def sealed(content: bytes) -> bytes:
    return hashlib.sha256(content).digest() + content


def test_read_only_folder_is_reviewed_without_keeping(part: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("lpgen.edge.data_folder.kept_values.take_folder", refuse)
    assert text_of(part) == made_text(part)
    assert not (part.data / KEPT).exists()


def test_value_that_cannot_be_written_whole_leaves_nothing(part: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill_disk(*_: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fill_disk)
    assert text_of(part) == made_text(part)
    assert not kept_files(part.data)


@pytest.mark.parametrize("place", ["row groups", "footer", "manifest", "ledger"])
def test_tampering_is_refused_though_values_are_kept(part: World, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    callers = set(column_values(read_usage(part.data).table.column("principal")))
    arn = next(arn for arn, *_ in opened(part).map(pages_of) if arn in callers)
    (folder,) = (part.data / "usage").iterdir()
    path = folder / ("manifest.json" if place == "manifest" else "usage.parquet")
    content = bytearray(path.read_bytes())
    ends = list(accumulate(segment.bytes for segment in read_manifest(folder, folder.name)["usage.parquet"]))
    if place == "ledger":
        monkeypatch.setattr("lpgen.edge.data_folder.usage_files.read_generation", lambda _: "0" * 64)
        folder.rename(folder.with_name("0" * 64))
    for at in {"row groups": ends[:-2], "footer": ends[-2:-1], "manifest": [9]}.get(place, ()):
        content[at] ^= 1
    if place != "ledger":
        path.write_bytes(content)
    with pytest.raises(DamageError, match="was changed"):
        text_of(part, arn)


def test_only_the_row_groups_of_the_principal_are_read(part: World, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def noted(file: IO[bytes], segments: Segments, number: int, target: IO[bytes]) -> None:
        if Path(file.name).name == "usage.parquet" and 0 < number < len(segments) - 1:
            read.append(number)
        copy_segment(file, segments, number, target)

    monkeypatch.setattr("lpgen.edge.data_folder.stored_table.copy_segment", noted)
    arns = [arn for arn, *_ in opened(part).map(pages_of)]
    every, groups = set(read), {}
    for arn in arns:
        read.clear()
        text_of(part, arn)
        groups[arn] = set(read)
        assert len(read) == len(groups[arn]), "none is compared twice"
        assert groups[arn] < every
    assert set() in groups.values(), "one principal has no use"
    assert any(combination & other for combination, other in combinations(groups.values(), 2)), "two share a row group"
