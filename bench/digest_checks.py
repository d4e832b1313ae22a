"""What checking digests takes of the commands that it protects: `python -m bench.digest_checks [--rounds 3]`.

Runs the commands on the sample organization in this process, and the checks that they make by themselves. Prints CPU
time, the median of the rounds, and the ratio of both. The budget is a tenth.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.rollout_proofs import milliseconds
from lpgen.app.ingest import LogSources, ingest
from lpgen.app.inputs import AnalysisInputs
from lpgen.app.output import generate, inputs_of_output
from lpgen.app.review import analyse
from lpgen.app.verify import verify
from lpgen.core.analysis.verification.chain import check_unchanged
from lpgen.core.options import Options
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.data_folder.ledger import open_ledger, read_generation
from lpgen.edge.data_folder.table_manifest import copy_segment, open_checked, open_manifest
from lpgen.edge.data_folder.usage_files import USAGE_FOLDER
from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.edge.logs.log_files import bundled_sample_logs
from lpgen.edge.replacement_files import read_output


def check_tables(data: Path) -> None:
    """Compares every table with its digests, as each read does."""
    generation = read_generation(data)
    folder = data / USAGE_FOLDER / generation
    for name, segments in open_manifest(folder, generation).items():
        with open_checked(folder / name, segments) as file:
            for number in range(len(segments)):
                copy_segment(file, segments, number, io.BytesIO())


def check_ledger(data: Path) -> None:
    """Compares the ledger's rows with their digest, as each ingest does."""
    with open_ledger(data):
        pass


def measure(home: Path, rounds: int) -> None:
    """Prints a line for each command that reads what has digests."""
    sample, catalog = bundled_sample_logs(), open_catalog()
    data, out = home / "data", home / "out"
    ingest(LogSources((sample.logs,)), catalog, data=data, engine=LocalEngine(1))
    inputs = AnalysisInputs(data, [sample.policies], catalog, Options())
    report = analyse(inputs)
    generate(report, out, inputs_of_output(report.generation, inputs))

    def new_ingest() -> None:
        with tempfile.TemporaryDirectory() as folder:
            ingest(LogSources((sample.logs,)), catalog, data=Path(folder) / "data", engine=LocalEngine(1))

    pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "review": (lambda: check_tables(data), lambda: analyse(inputs)),
        "ingest": (lambda: check_ledger(data), new_ingest),
        "generate": (
            lambda: inputs_of_output(report.generation, inputs),
            lambda: generate(analyse(inputs), out, inputs_of_output(report.generation, inputs)),
        ),
        "verify": (
            lambda: check_unchanged(read_output(out)),
            lambda: verify(out, inputs),
        ),
    }
    for name, (check, command) in pairs.items():
        part, whole = milliseconds(check, rounds), milliseconds(command, rounds)
        print(f"{name:8} {whole:8.0f} ms, of them checks {part:6.1f} ms: {part / whole:.3f}")


def main() -> None:
    """Reads the options and measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), parser.parse_args().rounds)


if __name__ == "__main__":
    main()
