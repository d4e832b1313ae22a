"""One output folder of a few sample principals, for tests that change it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lpgen.app.inputs import IN_THIS_PROCESS, AnalysisInputs
from lpgen.app.output import generate, inputs_of_output
from lpgen.app.review import analyse
from lpgen.app.verify import verify
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.digests import digest_of_report, digest_of_text, digests_from_facts
from lpgen.core.options import Options
from lpgen.core.replacements import OutputVerification
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.engine import Engine
from lpgen.edge.engines.local_processes import LocalEngine
from lpgen.errors import OutputError
from tests.support.ingests import ingest

SAMPLE = Path(__file__).parents[2] / "sample_logs"
LOGS = SAMPLE / "AWSLogs" / "111122223333" / "CloudTrail"
CHOSEN = ("storefront-api", "release-manager", "search-indexer", "inventory-collector")
"""Roles with kept lines, a Deny, a replacement that isn't safe, and use that nothing grants."""


@dataclass(frozen=True)
class OutputWorld:
    """A data folder, policies of some sample roles, and the output that was generated from both."""

    home: Path

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.home / "data"

    @property
    def policies(self) -> Path:
        """The file of authorization details."""
        return self.home / "policies" / "111122223333.json"

    @property
    def output(self) -> Path:
        """The output folder."""
        return self.home / "out"

    @cached_property
    def catalog(self) -> Catalog:
        """The bundled catalog."""
        return bundled_catalog()

    def folder(self, name: str) -> Path:
        """The folder of a role."""
        return self.output / f"111122223333-role-{name}"

    def inputs(self, options: Options = Options(), engine: Engine = IN_THIS_PROCESS) -> AnalysisInputs:  # noqa: B008
        """What an analysis of the world reads."""
        return AnalysisInputs(self.data, [self.policies], self.catalog, options, engine=engine)

    def generate(self, output: Path, options: Options = Options(), *, replace_other: bool = False) -> None:  # noqa: B008
        """Writes an output folder."""
        inputs = self.inputs(options)
        report = analyse(inputs)
        generate(
            report, output, inputs_of_output(report.generation, inputs), data=self.data, replace_other=replace_other
        )

    def verify(self, output: Path, options: Options = Options()) -> OutputVerification:  # noqa: B008
        """Verifies an output folder."""
        return verify(output, self.inputs(options))


def make_output(home: Path, names: Sequence[str] = CHOSEN, logs: Path = LOGS) -> OutputWorld:
    """A world in an empty folder, of roles with these names and of some of the sample logs."""
    world = OutputWorld(home)
    page = json.loads((SAMPLE / "authorization-details" / "111122223333.json").read_text(encoding="utf-8"))
    page["RoleDetailList"] = [one for one in page["RoleDetailList"] if one["RoleName"] in names]
    page["UserDetailList"] = page["GroupDetailList"] = []
    world.policies.parent.mkdir(parents=True)
    world.policies.write_text(json.dumps(page), encoding="utf-8")
    ingest([logs], world.catalog, data=world.data, engine=LocalEngine(1))
    world.generate(world.output)
    return world


def seal_again(output: Path) -> None:
    """Computes all digests of an output folder again, as one would who changed it and knows how they are made.

    What is damaged beyond that is left as it is.
    """
    for path in output.glob("*/evidence.json"):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            _state_documents(path)
    with contextlib.suppress(ValueError, KeyError, TypeError, OSError, OutputError):
        _state_files(output)


def _state_documents(path: Path) -> None:
    evidence = read_json(path)
    before = json.dumps(evidence)
    for policy in evidence["policies"]:
        if (path.parent / policy["file"]).is_file():
            policy["sha256"] = digest_of_text((path.parent / policy["file"]).read_bytes())
    if json.dumps(evidence) != before:
        write_json(path, evidence)


def _state_files(output: Path) -> None:
    summary = read_json(output / "summary.json")
    paths = [path for path in output.rglob("*") if path.is_file() and path.name not in ("summary.json", "summary.sig")]
    summary["files"] = {path.relative_to(output).as_posix(): digest_of_text(path.read_bytes()) for path in paths}
    summary["digest"] = digests_from_facts({**summary, "report": digest_of_report(summary)}).root
    write_json(output / "summary.json", summary)


def read_json(path: Path) -> Any:
    """What a JSON file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, value: object) -> None:
    """Writes a JSON file."""
    path.write_text(json.dumps(value), encoding="utf-8")
