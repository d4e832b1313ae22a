"""A review gives the same bytes wherever and in however many pieces its principals are worked on."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lpgen.app.review as analysis
from lpgen.app.inputs import AnalysisInputs
from lpgen.app.output import generate, inputs_of_output, review_page, review_parts
from lpgen.app.review import open_review
from lpgen.app.verify import verify
from lpgen.core.analysis.reviewer import Batches
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.findings import Proposal
from lpgen.core.options import Options
from lpgen.core.usage.row_slices import RowSlices
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.engine import Engine, results_of
from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.edge.logs.log_files import bundled_sample_logs
from lpgen.errors import EngineError
from lpgen.report.render import PAGE

FORMATS = (
    "json",
    pytest.param("jsonl", marks=pytest.mark.slow),
    pytest.param("text", marks=pytest.mark.slow),
    pytest.param("markdown", marks=pytest.mark.slow),
    "html",
)
FEW = 6
SAMPLES = bundled_sample_logs()


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return bundled_catalog()


@pytest.fixture(scope="module")
def data(sample_data: Path) -> Path:
    return sample_data


@pytest.fixture(scope="module", params=["few", pytest.param("all", marks=pytest.mark.slow)])
def policies(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The policies of some roles of the sample organization, more than a batch holds, and of all."""
    if request.param == "all":
        return SAMPLES.policies
    (largest, *_) = sorted(SAMPLES.policies.glob("*.json"), key=lambda path: -path.stat().st_size)
    details = json.loads(largest.read_bytes())
    few = tmp_path_factory.mktemp("few") / "policies.json"
    few.write_text(json.dumps({**details, "RoleDetailList": details["RoleDetailList"][:FEW], "UserDetailList": []}))
    return few


@pytest.fixture
def small_batches(policies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of which there are enough for three workers."""
    monkeypatch.setattr(analysis, "BATCH_UNITS", 3 if policies == SAMPLES.policies else 1)
    assert FEW >= 3 * analysis.BATCHES_PER_WORKER


def review_text(data: Path, policies: Path, form: str, engine: Engine = LocalEngine()) -> str:  # noqa: B008
    catalog = bundled_catalog()
    review = open_review(AnalysisInputs(data, [policies], catalog, Options(), engine=engine), savings=True)
    if form == "html":
        return PAGE.text(review_page(review, catalog), form)
    return "".join(review_parts(review, form))


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("workers", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_reviews_are_the_same_for_any_number_of_workers(data: Path, policies: Path, workers: int) -> None:
    assert review_text(data, policies, "json", LocalEngine(workers)) == review_text(data, policies, "json")


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_the_same_for_two_workers(data: Path, policies: Path, form: str) -> None:
    assert review_text(data, policies, form, LocalEngine(2)) == review_text(data, policies, form)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.slow
def test_outputs_are_the_same_for_two_workers_and_can_be_verified(
    data: Path, policies: Path, catalog: Catalog, tmp_path: Path
) -> None:
    for name, engine in (("alone", LocalEngine()), ("two", LocalEngine(2))):
        inputs = AnalysisInputs(data, [policies], catalog, Options(), engine=engine)
        review = open_review(inputs)
        generate(
            review, tmp_path / name, inputs_of_output(review.report.generation, inputs, "terraform"), code="terraform"
        )
    assert digests(tmp_path / "two") == digests(tmp_path / "alone")
    checked = verify(tmp_path / "two", AnalysisInputs(data, [policies], catalog, Options(), engine=LocalEngine(2)))
    assert {check.name: check.status.value for check in checked.checks if check.status.value != "passed"} == {}


@pytest.fixture(scope="module")
def whole(data: Path, policies: Path, catalog: Catalog) -> dict[str, Proposal]:
    """All proposals by ARN, of one batch for all."""
    report = open_review(AnalysisInputs(data, [policies], catalog, Options())).whole_report()
    return {proposal.diff.principal.arn: proposal for proposal in report.proposals}


@settings(max_examples=5)
@given(cuts=st.data())
@pytest.mark.slow
def test_a_proposal_is_the_same_in_any_batch(
    data: Path, policies: Path, catalog: Catalog, whole: dict[str, Proposal], cuts: st.DataObject
) -> None:
    inputs = AnalysisInputs(data, [policies], catalog, Options())
    ground = analysis.load_ground(inputs)
    review = analysis.review_of_ground(ground, inputs)
    units = list(cuts.draw(st.permutations([unit for batch in review.batches for unit in batch.units])))[:8]
    batches = Batches(units, cuts.draw(st.integers(1, 8)), RowSlices(ground.usage), {}, {}, ground.whole)
    found = [proposal for batch in batches for proposal in review.reviewer.propose(batch)]
    assert {proposal.diff.principal.arn: proposal for proposal in found} == {
        principal.arn: whole[principal.arn] for unit in units for principal in unit
    }


# ---------------------------------------------------------------- the engine


def _die_on_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_results_end_where_a_worker_dies_each_time() -> None:
    with pytest.raises(EngineError, match="a worker died on the same work"):
        list(results_of(LocalEngine(2), _die_on_three, range(6)))
