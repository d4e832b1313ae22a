"""`lpgen tags`: conditions on the tags of resources in place of wildcards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.formats import FormatOption, ReportFormat, choose_format
from lpgen.cli.option_groups import Only
from lpgen.cli.options import InputOptions, OptionalDataOption, OutputFileOption, days_option
from lpgen.cli.output import layout_for, write_output
from lpgen.core.choices import ENOUGH_DAYS


def tags_command(
    *,
    inputs: Annotated[InputOptions, Only("policies", "snapshot", "trails", "scps", "resource_policies", "catalog")],
    data: OptionalDataOption = None,
    resource_tags: Annotated[
        list[Path] | None,
        typer.Option(
            "--resource-tags",
            metavar="FILE",
            help="A JSON array of pages of `aws resourcegroupstaggingapi get-resources`. By default, the snapshot's "
            "tags. Repeatable.",
        ),
    ] = None,
    principal: Annotated[str, typer.Option("--principal", metavar="GLOB", help="Only these, by ARN or name.")] = "",
    key: Annotated[
        list[str] | None, typer.Option("--key", metavar="KEY", help="Only this tag key. Repeatable.")
    ] = None,
    tag_manager: Annotated[
        list[str] | None,
        typer.Option(
            "--tag-manager",
            metavar="GLOB",
            help="Principals that may write the tags, by ARN or name, besides those seen in the logs. Repeatable.",
        ),
    ] = None,
    min_days: Annotated[
        int, days_option("--min-days", "How many covered days it takes to call a condition safe.", least=0)
    ] = ENOUGH_DAYS,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="A new folder for new policies and commands.")
    ] = None,
    validate: Annotated[bool, typer.Option("--validate", help="Let Access Analyzer check each new policy.")] = False,
    format: FormatOption = None,  # noqa: A002
    output: OutputFileOption = None,
) -> None:
    """Propose conditions on tags in place of wildcards.

    Where a policy allows actions on all resources of a type, finds a tag that separates the used resources from the
    others, and proposes an Allow within the old one that demands this tag. Replays every recorded use, finds everybody
    who can write the tag, and proposes an SCP that leaves it to tag managers. Changes nothing.

    \b
    Example:
      lpgen tags --data lpgen-data
      lpgen tags --data lpgen-data --tag-manager role/platform --out new
    """
    from lpgen.app.tags import tags, validated, write_tags
    from lpgen.edge.aws_session import Connection, open_session
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.edge.readers.guard_files import read_guards
    from lpgen.edge.readers.snapshot_files import read_all_resource_tags, read_snapshot_list
    from lpgen.edge.readers.trail_settings import read_trails
    from lpgen.report.render import TAGS

    chosen = choose_format(format, output, ReportFormat)
    files = inputs.choose(data)
    report = tags(
        files.policies,
        open_catalog(inputs.catalog),
        read_all_resource_tags(resource_tags or files.resource_tags),
        data=data,
        principal=principal,
        keys=key or (),
        managers=tag_manager or (),
        min_days=min_days,
        guards=read_guards(None, files.scps, files.resource_policies),
        trails=(read_trails(files.trails), files.trail_source),
        abac=read_snapshot_list(files.abac_buckets, str),
    )
    if validate:
        report = validated(report, open_session(Connection()))
    if out:
        write_tags(report, out)
    write_output(TAGS.text(report, chosen.value, layout_for(output)), output)
