"""`lpgen trust`: who may assume each role, who did, and a narrowed trust policy."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lpgen.cli.formats import FORMAT_HELP, choose_format
from lpgen.cli.option_groups import Only
from lpgen.cli.options import (
    DecisionsOption,
    GithubIdsOption,
    InputOptions,
    OptionalDataOption,
    OutputFileOption,
    PrincipalOption,
    SarifRootOption,
    days_option,
)
from lpgen.cli.output import layout_for, write_output
from lpgen.core.choices import ENOUGH_DAYS


class TrustFormat(StrEnum):
    """How a report on trust is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    HTML = "html"


def trust_command(
    *,
    inputs: Annotated[InputOptions, Only("policies", "snapshot", "trails", "scps", "catalog")],
    data: OptionalDataOption = None,
    principal: PrincipalOption = "",
    min_days: Annotated[
        int,
        days_option(
            "--min-days",
            "How many covered days it takes to narrow a trust policy, or to call a principal unused.",
            least=0,
        ),
    ] = ENOUGH_DAYS,
    decisions: DecisionsOption = None,
    github_ids: GithubIdsOption = None,
    identity_providers: Annotated[
        list[Path] | None,
        typer.Option(
            "--identity-providers",
            metavar="FILE",
            help="Output of `aws iam list-open-id-connect-providers` and `list-saml-providers`. By default, the "
            "snapshot's providers. Repeatable.",
        ),
    ] = None,
    format: Annotated[TrustFormat | None, typer.Option("--format", help=FORMAT_HELP)] = None,  # noqa: A002
    sarif_root: SarifRootOption = "lpgen-out",
    output: OutputFileOption = None,
) -> None:
    """Show who may assume each role, and narrow its trust policy.

    Without logs, it finds outsiders that trust policies let in, and conditions that fail. With the logs of a data
    folder, it also names the principals that never assumed a role, and proposes a trust policy that allows only the
    recorded callers. Changes nothing.

    A proposal allows every recorded assumption, and nothing that the old policy doesn't allow. If a record doesn't show
    enough, there is none, and the report says why.

    \b
    Example:
      lpgen trust --policies account-authorization-details.json
      lpgen trust --data lpgen-data --principal '*deploy*' --format json
    """
    from lpgen.app.trust import TrustChoices, trust
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.edge.readers.compute_files import read_compute
    from lpgen.edge.readers.decisions_file import read_decisions
    from lpgen.edge.readers.github_ids import read_github_ids
    from lpgen.edge.readers.guard_files import read_guards
    from lpgen.edge.readers.identity_providers import read_identity_providers
    from lpgen.edge.readers.snapshot_files import read_trust_quotas
    from lpgen.edge.readers.trail_settings import read_trails
    from lpgen.report.render import TRUST

    chosen = choose_format(format, output, TrustFormat)
    files = inputs.choose(data)
    report = trust(
        files.policies,
        open_catalog(inputs.catalog),
        TrustChoices(
            principal,
            min_days,
            read_github_ids(github_ids),
            read_identity_providers(identity_providers or files.identity_providers),
            read_decisions(decisions) if decisions else (),
            read_trust_quotas(files.account_summaries),
            read_compute(files.compute),
        ),
        data=data,
        guards=read_guards(None, files.scps, None),
        trails=(read_trails(files.trails), files.trail_source),
        snapshot=files.snapshot,
    )
    layout = layout_for(output, root=sarif_root)
    write_output(TRUST.text(report, chosen.value, layout), output)
