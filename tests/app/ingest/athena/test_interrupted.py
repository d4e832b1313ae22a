"""An ingest from Athena that is interrupted or killed stops its query and leaves whole days."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lpgen.edge.data_folder.ledger_connection import LEDGER_FILE
from tests.support.athena_ingests import World, march_world, records_of, tables, tables_from_records

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("server_keys")]
march = pytest.fixture(march_world)


def test_ingest_stops_the_query_when_it_is_interrupted(march: World, tmp_path: Path) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    march.athena.looks = 100
    with pytest.raises(KeyboardInterrupt):
        march.take(tmp_path / "data", wait=interrupt)
    assert [query.stopped for query in march.athena.queries] == [True]


def test_ingest_on_the_command_line_stops_the_query_on_ctrl_c(march: World, tmp_path: Path) -> None:
    march.athena.looks = 10_000
    options = ["--since", "2024-03-01", "--until", "2024-03-28", "--output-location", march.output]
    # A shell without job control starts what runs in its background with interrupts ignored, and tests may run so.
    heard = (
        "import signal, lpgen.cli.main; signal.signal(signal.SIGINT, signal.default_int_handler); lpgen.cli.main.main()"
    )
    command = [sys.executable, "-c", heard, "ingest", march.address, *options, "--data", str(tmp_path / "data")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=march.server.environment)
    while not any(query.looks for query in march.athena.queries):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert [query.stopped for query in march.athena.queries] == [True]


def test_ingest_that_is_killed_leaves_whole_days(march: World, tmp_path: Path) -> None:
    """Each day is committed when the next is under way; a later run asks for the rest."""
    slow = "import lpgen.edge.athena.queries as at, lpgen.cli.main as cli; at._FIRST_WAIT_SECONDS = 0.01; cli.main()"
    options = ["--since", "2024-03-01", "--until", "2024-03-28", "--output-location", march.output]
    command = [sys.executable, "-c", slow, "ingest", march.address, *options, "--data", str(tmp_path / "data")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=march.server.environment)
    while len(march.athena.queries) < 15:
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (tmp_path / "data" / LEDGER_FILE).exists()
    result = march.take(tmp_path / "data")
    assert result.days_known >= 14
    assert result.days_known + result.days_read == 28
    assert tables(tmp_path / "data") == tables_from_records(tmp_path, records_of(range(56)))
