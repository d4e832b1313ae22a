"""`lpgen demo`: the main workflow on the bundled sample organization."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpgen.cli.options import given_of
from lpgen.cli.output import for_terminal, layout_for, print_status, write_output

if TYPE_CHECKING:
    from lpgen.app.inputs import AnalysisInputs


def demo_command(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write into.")] = Path(
        "lpgen-demo"
    ),
) -> None:
    """Run the main workflow on the sample organization.

    Ingests the bundled logs, generates and verifies replacements, shows the review, draws the paths to administrative
    rights that the replacements cut, and finds users to replace and roles to merge or to split.
    """
    from lpgen.app.backtest import Days, backtest
    from lpgen.app.ingest import LogSources, ingest
    from lpgen.app.inputs import AnalysisInputs
    from lpgen.app.output import generate, inputs_of_output, review_page, review_parts
    from lpgen.app.review import analyse
    from lpgen.app.verify import verify
    from lpgen.core.options import Options
    from lpgen.core.replacements import CheckStatus
    from lpgen.edge.catalog.files import bundled_catalog
    from lpgen.edge.engines.local_processes import LocalEngine
    from lpgen.edge.logs.log_files import bundled_sample_logs
    from lpgen.edge.output_file import refuse_link, write_file
    from lpgen.report.blocks import DEFAULT_LAYOUT, Given
    from lpgen.report.escaping import terminal_text
    from lpgen.report.messages.ingest import render_ingest
    from lpgen.report.pages.backtest import backtest_sentence
    from lpgen.report.render import PAGE

    refuse_link(output)
    sample, catalog = bundled_sample_logs(), bundled_catalog()
    data, replacements = output / "data", output / "replacements"
    result = ingest(LogSources((sample.logs,)), catalog, data=data, engine=LocalEngine(os.cpu_count() or 1))
    print_status(render_ingest(result, verbose=False) + "\n")
    inputs = AnalysisInputs(data, [sample.policies], catalog, Options())
    report = analyse(inputs)
    generate(report, replacements, inputs_of_output(report.generation, inputs), data=data)
    known = (("--data", str(data)), ("--policies", str(sample.policies)))
    given = given_of(context, ())
    # The sample isn't an AWS account, and all its logs are already ingested.
    here = {name: taken for name, taken in given.taken.items() if name not in ("snapshot", "ingest")}
    given = Given(known, here, given.program, given.draft)
    for name, format in (("report.txt", "text"), ("report.md", "markdown"), ("report.json", "json")):  # noqa: A001
        write_file(output / name, map(str.encode, review_parts(report, format, DEFAULT_LAYOUT, given)))
    page = review_page(report, catalog, given)
    write_file(output / "review.html", map(str.encode, PAGE.write(page, "html")))
    verified = verify(replacements, inputs).principals
    passed = sum(verification.status is CheckStatus.PASSED for verification in verified)
    tested = backtest(inputs, Days(*_DEMO_DAYS))
    paths = _write_graph(output / "graph.html", data, replacements)
    write_output(
        for_terminal(
            _WRITTEN.format(
                output=output,
                replacements=replacements,
                data=data,
                passed=f"{passed:,} of {len(verified):,}",
                backtest=terminal_text(backtest_sentence(tested)),
                paths=terminal_text(paths),
                roles=terminal_text(_write_roles(output / "roles.html", inputs)),
            )
        ),
        None,
    )
    write_output(review_parts(report, "screen", layout_for(None), given), None)


def _write_graph(file: Path, data: Path, replacements: Path) -> str:
    """Writes the page of who can get administrative rights, and returns its first sentence."""
    from lpgen.app.graph import graph
    from lpgen.core.compute import Inventory
    from lpgen.core.graph.answers import ADMIN
    from lpgen.edge.catalog.files import bundled_catalog
    from lpgen.edge.logs.log_files import bundled_sample_logs
    from lpgen.edge.output_file import write_file
    from lpgen.edge.readers.compute_files import read_compute
    from lpgen.report.pages.graph import graph_sentence
    from lpgen.report.render import GRAPH

    sample = bundled_sample_logs()
    compute = Inventory(read_compute((sample.compute,)))
    report = graph([sample.policies], bundled_catalog(), target=ADMIN, data=data, compute=compute, compare=replacements)
    write_file(file, [GRAPH.text(report, "html").encode()])
    return graph_sentence(report)


def _write_roles(file: Path, inputs: AnalysisInputs) -> str:
    """Writes the page of users to replace, roles to merge or to split and leftovers, and returns how many there are."""
    from lpgen.app.roles import roles
    from lpgen.edge.output_file import write_file
    from lpgen.report.pages.roles import roles_sentence
    from lpgen.report.render import ROLES

    report = roles(inputs)
    write_file(file, [ROLES.text(report, "html").encode()])
    return roles_sentence(report)


_DEMO_DAYS = (60, 30, 10)
"""The days to learn from, to test, and between windows. The 120 days of the sample logs hold four such windows."""

_WRITTEN = """Files written
  {output}/review.html   the full review, for a browser: open it first
  {output}/graph.html    who can become an administrator, today and after the replacements
  {output}/roles.html    users to replace by roles, roles to merge or to split, and leftovers
  {output}/report.txt, report.md, report.json   the same for a terminal, a pull request and programs
  {replacements}/   a folder per principal: policy-*.json to apply, evidence.json for every line
  {data}/   the usage table behind all of this

Verification from the files only: {passed} replacements passed every check.
Backtest: {backtest}
Graph: {paths}
Roles: {roles}
"""
