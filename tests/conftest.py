"""What all tests share: the settings of laws, servers that start once per test process, and the summary of a run."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import settings

from tests.support.aws_organization import MANAGEMENT, Organization, answer_missing, make_organization
from tests.support.aws_proxy import AwsProxy, aws_proxy
from tests.support.aws_servers import Server, end_motos, moto_server, seaweed_server
from tests.support.built_commands import build_commands_once
from tests.support.case_tables import PROPERTY as CASES
from tests.support.forked_lpgen import end_forks, run_forked
from tests.support.law_examples import LAW_SHARE, examples
from tests.support.sample_organization import ROOT
from tests.support.service_models import share_service_models
from tests.support.signal_dispositions import restore_default_signals

if TYPE_CHECKING:
    from tests.support.s3_buckets import Bucket

_TESTS: Final = Path(__file__).parent
_WITHOUT_COMMANDS: Final = frozenset({"core", "edge", "report"})
"""The folders whose tests call functions; the others mostly run commands, which takes longer."""

settings.register_profile("lpgen", deadline=None, max_examples=examples(100))  # a busy machine is no failure
settings.load_profile("lpgen")
restore_default_signals()
share_service_models()
build_commands_once()


@pytest.fixture(scope="session")
def sample_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the sample organization. All share it, so take a copy to change it."""
    folder = tmp_path_factory.mktemp("sample") / "data"
    run_forked("ingest", ROOT / "AWSLogs", "--data", folder).check_returncode()
    return folder


@pytest.fixture(scope="session")
def moto() -> Iterator[Server]:
    """moto's server. Its tests take buckets and accounts of their own, since all share it."""
    with moto_server() as server:
        yield server


@pytest.fixture(scope="session")
def seaweed() -> Iterator[Server]:
    """SeaweedFS, which checks signatures."""
    with seaweed_server() as server:
        yield server


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts long files first, and all test processes end at about the same time.

    The files with slow tests are first, whether those run or not, and the folders of parts that run no command last.
    """
    with_slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in with_slow, _folder(item.path) in _WITHOUT_COMMANDS))


def _folder(path: Path) -> str:
    """The folder of `tests/` that a test lies in."""
    return path.relative_to(_TESTS).parts[0]


def pytest_collection_finish() -> None:
    """Leaves what the imports made out of later collections, which so come early: boto3's clients are large cycles."""
    gc.collect()
    gc.freeze()


@pytest.fixture(params=["moto", pytest.param("seaweed", marks=pytest.mark.slow)])
def s3(request: pytest.FixtureRequest) -> Server:
    """Each of the two S3 servers."""
    server: Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def bucket(moto: Server) -> Bucket:
    """A bucket of the test's own in moto."""
    from tests.support.s3_buckets import make_bucket  # here, since it imports boto3, which most tests do without

    return make_bucket(moto)


@pytest.fixture(scope="module", autouse=True)
def _settled_objects() -> Iterator[None]:
    """Leaves what a file made for all, such as tables, out of later collections of garbage, which it makes slow."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def server_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test servers' keys in this process, and nothing of the machine's own account."""
    for name, value in Server("http://127.0.0.1:9").environment.items():
        if name.startswith("AWS_") and name != "AWS_ENDPOINT_URL":
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture(scope="session")
def organization() -> Iterator[Organization]:
    """An organization of three accounts, on a moto server of its own.

    moto takes every call of every caller for allowed; what IAM would refuse, the proxy refuses.
    """
    with moto_server() as server:
        yield make_organization(server)


@pytest.fixture(scope="module")
def shared_proxy(organization: Organization) -> Iterator[AwsProxy]:
    """The proxy in front of the organization. Its thread ends with the module, since other tests fork."""
    with aws_proxy(organization.server, MANAGEMENT) as proxy:
        yield proxy


@pytest.fixture
def proxy(shared_proxy: AwsProxy, monkeypatch: pytest.MonkeyPatch) -> AwsProxy:
    """The proxy in front of the organization, as AWS for the test, and without a memory of earlier ones."""
    for name, value in shared_proxy.server.environment.items():
        monkeypatch.setenv(name, value)
    shared_proxy.calls.clear()
    shared_proxy.reply = answer_missing
    return shared_proxy


# ---------------------------------------------------------------- the summary

_left_out: set[str] = set()
"""The names of the tests that this run was asked to leave out; with several processes, each finds the same."""


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Keeps what is left out by `-m` or `-k`."""
    _left_out.update(item.nodeid for item in items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hands the names of a test process to the one that prints the summary."""
    if output := getattr(session.config, "workeroutput", None):
        output["left_out"] = sorted(_left_out)


def pytest_unconfigure() -> None:
    """Ends what goes on running for all tests; processes of xdist leave without a word to `atexit`."""
    end_forks()
    end_motos()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Takes the names from a test process that has ended."""
    _left_out.update(getattr(node, "workeroutput", {}).get("left_out", ()))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Prints what the run covered and left out, and the seeds that repeat it."""
    reports = [one for found in terminalreporter.stats.values() for one in found if getattr(one, "when", "") == "call"]
    cases = sum(int(value) for report in reports for name, value in report.user_properties if name == CASES)
    terminalreporter.section("coverage of this run")
    terminalreporter.write_line(f"{len(reports)} tests ran, and checked {cases} cases of tables")
    option = config.option
    terminalreporter.write_line(f"{len(_left_out)} tests left out by -m {option.markexpr!r} -k {option.keyword!r}")
    seed = config.getoption("--hypothesis-seed", None)
    terminalreporter.write_line(f"laws: LAW_SHARE={LAW_SHARE:g} --hypothesis-seed={'random' if seed is None else seed}")
