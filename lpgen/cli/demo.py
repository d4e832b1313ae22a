"""`lpgen demo`: the main job on the bundled sample organization."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.options import options_by_command
from lpgen.cli.output import for_terminal, put_text, say, terminal_width, wants_color


def demo_command(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write into.")] = Path(
        "lpgen-demo"
    ),
) -> None:
    """Run the main job on the sample organization.

    Ingests the bundled logs, reviews, generates and verifies, and says what to do next.
    """
    from lpgen.app.backtest import Days, backtest
    from lpgen.app.ingest import ingest
    from lpgen.app.output import generate, inputs_of_report
    from lpgen.app.review import analyse
    from lpgen.app.verify import verify
    from lpgen.core.options import Options
    from lpgen.edge.catalog.files import bundled_catalog
    from lpgen.edge.engines.local_processes import LocalEngine
    from lpgen.edge.logs.sample_logs import bundled_sample_logs
    from lpgen.edge.output_file import refuse_link, write_output
    from lpgen.report import render_backtest_line, render_review, render_verification
    from lpgen.report.commands import Given
    from lpgen.report.messages.ingest import render_ingest
    from lpgen.report.screens import render_review_screen

    refuse_link(output)
    sample, catalog, options = bundled_sample_logs(), bundled_catalog(), Options()
    data, replacements = output / "data", output / "replacements"
    result = ingest([sample.logs], catalog, data=data, engine=LocalEngine(os.cpu_count() or 1))
    say(render_ingest(result, verbose=False) + "\n")
    report = analyse(data, [sample.policies], catalog, options=options)
    made_from = inputs_of_report(report, [sample.policies], catalog, options=options)
    generate(report, replacements, made_from, data=data)
    for name, kind in (
        ("report.txt", "text"),
        ("report.md", "markdown"),
        ("report.json", "json"),
        ("review.html", "html"),
    ):
        write_output(output / name, [render_review(report, kind).encode()])
    own = Given((("--data", str(data)), ("--policies", str(sample.policies))), options_by_command(context))
    put_text(render_review_screen(report, own, None, width=terminal_width(), color=wants_color(None)), None)
    verified = verify(replacements, data, [sample.policies], catalog, options=options)
    put_text("\n" + render_verification(verified, "text", width=terminal_width(), color=wants_color(None)), None)
    tested = backtest(data, [sample.policies], catalog, options=options, days=Days(*_DEMO_DAYS))
    put_text("\n" + for_terminal(f"Backtest: {render_backtest_line(tested)}"), None)
    paths = {"output": output, "data": data, "replacements": replacements, "sample": sample.policies}
    put_text(for_terminal(closing_text(paths, program_name(), terminal_width())), None)


def closing_text(paths: Mapping[str, Path], program: str, width: int) -> str:
    """What the demo says at its end, with commands that a shell takes as they stand, in lines of at most this width."""
    quoted = {name: shlex.quote(str(path)) for name, path in paths.items()}
    return "\n".join(
        _broken([program, *(word.format_map(quoted) for word in line.split()[1:])], width)
        if line.startswith("    lpgen ")
        else line.format_map(quoted)
        for line in _DEMO_END.split("\n")
    )


def _broken(words: Iterable[str], width: int) -> str:
    """A command on lines that the shell joins; none is broken within a word."""
    lines = ["   "]
    for word in words:
        if len(lines[-1]) + len(word) + 3 > width and lines[-1].strip():
            lines.append("     ")
        lines[-1] += f" {word}"
    return " \\\n".join(lines)


def program_name() -> str:
    """What to type for the program that is running: it needn't be on the path, as in a checkout."""
    if any(part.startswith("archive-v") for part in Path(sys.prefix).parts):  # uvx keeps environments in its cache
        source = _checkout()
        return f"uvx --from {shlex.quote(source)} lpgen" if source else "uvx lpgen"
    started, found = Path(sys.argv[0]), shutil.which("lpgen")
    if started.name != "lpgen" or not started.is_file():
        return f"{shlex.quote(sys.executable)} -P -m lpgen"
    return "lpgen" if found and started.samefile(found) else shlex.quote(sys.argv[0])


def _checkout() -> str | None:
    """The folder that this lpgen was installed from, if it was one.

    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    from importlib.metadata import distribution
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    stated = json.loads(distribution("lpgen").read_text("direct_url.json") or "{}")
    return url2pathname(urlsplit(stated["url"]).path) if "dir_info" in stated else None


_DEMO_DAYS = (60, 30, 10)
"""The days to learn on, to judge on, and between windows: the 120 days of the sample logs hold four such windows."""

_DEMO_END = """
What was written
  {replacements}/   a folder per principal: policy-*.json to put in place, evidence.json for every line
  {output}/review.html   the review in full, for a browser: open it first
  {output}/report.txt, report.md, report.json   the same for a terminal, a pull request and programs
  {data}/   the usage table that all of it was read from

What to do next
  Read one replacement beside its evidence:
    {replacements}/111122223333-role-storefront-api/
  See what the wildcards in the old policies gained by themselves in a year:
    lpgen wildcards --data {data} --policies {sample}
  See what replacements made earlier would have denied since:
    lpgen backtest --data {data} --train 60d --policies {sample}
  Ask why something is allowed, and whether it was ever used:
    lpgen explain storefront-api dynamodb:DeleteTable --data {data} --policies {sample}
  Prove it again from the files alone:
    lpgen verify {replacements} --data {data} --policies {sample}
  Do the same for your own account, with credentials as the AWS CLI has them:
    lpgen snapshot --data lpgen-data
    lpgen ingest s3://YOUR-TRAIL-BUCKET --since 120d --data lpgen-data
    lpgen review --data lpgen-data --format html --output review.html
    lpgen generate --data lpgen-data --output lpgen-out
    lpgen rollout plan lpgen-out --data lpgen-data --break-glass 'emergency-*' -o plan.json
  Freeze what is known, and tell every week what drifted:
    lpgen baseline save week-1 --data lpgen-data
    lpgen drift --data lpgen-data
"""
