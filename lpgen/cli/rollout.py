"""`lpgen rollout`: the only commands that change anything in AWS. They show each change first, and can undo it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lpgen.cli.formats import PlainFormat, PlainFormatOption, choose_format
from lpgen.cli.help import PlainCommand
from lpgen.cli.messages import as_command
from lpgen.cli.options import (
    AnalysisInputOptions,
    CatalogOption,
    ChoiceOptions,
    EndpointOption,
    GithubIdsOption,
    OutputFileOption,
    ProfileOption,
    SnapshotOption,
)
from lpgen.cli.output import for_terminal, print_escaped_status, print_status, status_line, write_output
from lpgen.errors import ExitCode, InvocationError

if TYPE_CHECKING:
    from lpgen.app.rollout import Accounts
    from lpgen.app.rollout_plan import Basis
    from lpgen.core.options import Options
    from lpgen.core.rollout.plan import RolloutOutcome

app = typer.Typer(
    name="rollout",
    help="Apply replacement policies, and undo them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_PlanArgument = Annotated[Path, typer.Argument(metavar="PLAN", help="The file that `lpgen rollout plan` wrote.")]
_SettleOption = Annotated[
    float,
    typer.Option(
        "--settle",
        metavar="SECONDS",
        min=0,
        help="How long to wait for IAM to propagate new policies before the old ones are removed.",
    ),
]
_YesOption = Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation.")]

_SignatureOption = Annotated[
    Path | None,
    typer.Option("--require-signature", metavar="PUBLIC-KEY", help="Require a signature that this key (PEM) verifies."),
]


def _role_option(text: str) -> Any:
    return typer.Option("--role", metavar="NAME|ARN", help=text)


@dataclass(frozen=True, kw_only=True, slots=True)
class _ConnectionOptions:
    """How a rollout reaches the accounts of its plan."""

    profile: ProfileOption = ""
    region: Annotated[str, typer.Option("--region", metavar="REGION", help="The Region to send requests to.")] = ""
    endpoint_url: EndpointOption = ""
    assume_role: Annotated[
        str, typer.Option("--assume-role", metavar="NAME", help="The role to assume in each account of the plan.")
    ] = ""

    def open(self) -> Accounts:
        """The accounts. A session for each is opened when it is needed."""
        from lpgen.app.rollout import Accounts
        from lpgen.edge.aws_regions import refuse_unknown_regions
        from lpgen.edge.aws_session import Connection, open_session

        if self.region and not self.endpoint_url:
            refuse_unknown_regions((self.region,))
        return Accounts(open_session(Connection(self.profile, self.region, self.endpoint_url)), self.assume_role)


@app.command("plan", cls=PlainCommand)
@as_command
def _plan_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that `lpgen generate` wrote.")],
    inputs: AnalysisInputOptions,
    choices: ChoiceOptions,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="The data folder that DIR was generated from, to compare with."),
    ] = None,
    require_signature: _SignatureOption = None,
    trust_output: Annotated[
        bool,
        typer.Option("--trust-output", help="Trust the documents without a data folder or a signature."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="PLAN", help="Where to write the plan. By default, or with `-`, stdout."
        ),
    ] = None,
    trust: Annotated[bool, typer.Option("--trust", help="DIR was generated with --trust.")] = False,
    github_ids: GithubIdsOption = None,
    unsafe: Annotated[bool, typer.Option("--unsafe", help="Also plan replacements that aren't called safe.")] = False,
    break_glass: Annotated[
        list[str] | None,
        typer.Option("--break-glass", metavar="GLOB", help="Emergency roles, which must never be changed. Repeatable."),
    ] = None,
    managed_as_code: Annotated[
        list[str] | None,
        typer.Option("--managed-as-code", metavar="GLOB", help="Roles that are managed as code. Repeatable."),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include", metavar="ARN", help="Plan a role even if its name marks it as AWS tooling. Repeatable."
        ),
    ] = None,
    no_exact_undo: Annotated[
        list[str] | None,
        typer.Option(
            "--no-exact-undo",
            metavar="GLOB",
            help="Roles whose old trust policy IAM refuses, so an undo restores only the nearest one. Repeatable.",
        ),
    ] = None,
) -> None:
    """Plan how to apply replacements.

    Writes a JSON file. For each principal, it lists the calls to make and the calls that undo them, or says why lpgen
    refuses the principal. Makes no calls to AWS.

    Compares each file of DIR with its digest, and proves from the documents that nothing new is allowed. With --data,
    generates the replacements again and refuses those that differ: give the same options as to `lpgen generate`.
    --require-signature requires a signature instead, and --trust-output requires neither.

    Next to the plan, writes what other owners must change: for roles of IAM Identity Center, the permission set's
    inline policy, in PLAN.permission-sets; for principals managed as code, the changed resources of their
    CloudFormation template, in PLAN.code. Exit 1 if nothing can be rolled out, or if something was changed after lpgen
    wrote it.

    \b
    Example:
      lpgen rollout plan lpgen-out --data lpgen-data -o plan.json
    """
    from lpgen.app.rollout_plan import plan_rollout, write_for_owners
    from lpgen.core.analysis.decisions import break_glass_names
    from lpgen.core.rollout.refusals import Exceptions
    from lpgen.edge.readers.github_ids import read_github_ids
    from lpgen.report.documents.rollout import rollout_json
    from lpgen.report.messages.rollout import render_planned

    read = inputs.read(data, choices)
    options = replace(read.options, trust=trust, github_ids=read_github_ids(github_ids))
    exceptions = Exceptions(
        tuple(break_glass or ()),
        tuple(managed_as_code or ()),
        tuple(include or ()),
        unsafe,
        choices.attached_quota,
        break_glass_names(read.options.decisions),
        tuple(no_exact_undo or ()),
    )
    plan = plan_rollout(
        folder,
        read.policies,
        exceptions,
        read.catalog,
        basis=_basis(require_signature, data, options, trust_output=trust_output),
        principal=choices.principal,
    )
    if output is not None and str(output) != "-":
        _refuse_begun(output)
        for path in write_for_owners(plan, output):
            print_status(f"wrote the change for its owner: {path}")
    write_output(rollout_json(plan), output)
    print_status(render_planned(plan))
    if plan.is_doubtful or not any(principal.calls for principal in plan.principals):
        raise typer.Exit(ExitCode.FOUND)


def _basis(public_key: Path | None, data: Path | None, options: Options, *, trust_output: bool) -> Basis:
    from lpgen.app.rollout_plan import Basis
    from lpgen.core.rollout.source import Trust

    if public_key is not None:
        return Basis(Trust.SIGNATURE, public_key)
    if trust_output:
        return Basis(Trust.OUTPUT)
    if data is None:
        raise InvocationError(
            "no reason is given to trust the output folder",
            hint="give --data DIR to generate it again, --require-signature PUBLIC-KEY, or --trust-output",
        )
    return Basis(Trust.DATA, None, data, options)


def _refuse_begun(output: Path) -> None:
    """Refuse to overwrite a plan whose journal is needed for an undo."""
    from lpgen.edge.rollout.journal import journal_of

    if journal_of(output).exists():
        raise InvocationError(
            f"`{output}` was applied, and its journal needs it", hint="give the new plan another name"
        )


@app.command("apply", cls=PlainCommand)
@as_command
def _apply_command(
    plan: _PlanArgument,
    at: _ConnectionOptions,
    role: Annotated[list[str] | None, _role_option("A role or user of the plan to roll out. Repeatable.")] = None,
    all_of_it: Annotated[bool, typer.Option("--all", help="Roll out every principal of the plan.")] = False,
    yes: _YesOption = False,
    settle: _SettleOption = 15.0,
    require_signature: _SignatureOption = None,
    catalog: CatalogOption = None,
) -> None:
    """Apply a plan in AWS.

    First checks that the plan is unchanged and allows nothing new, that the policies in IAM match it, that no quota is
    exceeded, that new names are free, and that lpgen keeps its own access. Then shows each change, asks for
    confirmation, makes the calls and reads each result back. Stops at the first error and restores that principal. If
    the command is killed, run it again to finish, or run `lpgen rollout undo`.

    Exit 1 if a principal is refused or nothing was confirmed, 3 if a call failed.

    \b
    Example:
      lpgen rollout apply plan.json --role app
    """
    from lpgen.app.rollout import apply_rollout, check_rollout, check_signature, chosen_principals
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.edge.rollout.journal import read_journal
    from lpgen.edge.rollout.plan_file import read_whole_plan
    from lpgen.report.messages.rollout import render_changes, render_refused, render_trust

    whole = read_whole_plan(plan)
    if require_signature is not None:
        check_signature(whole, plan, require_signature)
    if all_of_it == bool(role):
        raise InvocationError("give either --role or --all")
    chosen = chosen_principals(whole, role)
    accounts = at.open()
    checked = check_rollout(whole, chosen, read_journal(plan, whole), accounts, open_catalog(catalog))
    print_status(render_trust(whole.source))
    ready = [check.plan for check in checked if not check.refusals and not check.done]
    refused = [(check.plan.principal, check.refusals) for check in checked if check.refusals]
    typer.echo(for_terminal(render_changes(ready)), nl=False)
    if refused:
        print_status(render_refused(refused))
    if ready:
        _confirm(f"Change {_counted(len(ready))} in AWS?", yes=yes)
    outcomes = apply_rollout(plan, whole, checked, accounts, settle_seconds=settle, print_status=print_escaped_status)
    _end(outcomes, already_said=frozenset(principal for principal, _ in refused))


@app.command("undo", cls=PlainCommand)
@as_command
def _undo_command(
    plan: _PlanArgument,
    at: _ConnectionOptions,
    role: Annotated[list[str] | None, _role_option("A role or user to restore. By default, all. Repeatable.")] = None,
    yes: _YesOption = False,
    settle: _SettleOption = 15.0,
) -> None:
    """Restore the policies that a plan replaced.

    Restores them byte for byte from the journal next to the plan, even if `lpgen rollout apply` was killed. Reports
    policies that somebody else has changed since, and leaves them unchanged. For a role planned with --no-exact-undo,
    says how its trust policy differs from the old one.

    Exit 1 if something isn't restored, 3 if a call failed.

    \b
    Example:
      lpgen rollout undo plan.json --role app
    """
    from lpgen.app.rollout import chosen_principals, find_unrecorded, undo_rollout
    from lpgen.edge.rollout.journal import read_journal
    from lpgen.edge.rollout.plan_file import read_rollout_plan
    from lpgen.report.messages.rollout import render_undo, render_unrecorded

    whole = read_rollout_plan(plan)
    recorded = read_journal(plan, whole)
    states = recorded.states
    named = chosen_principals(whole, role)
    chosen = tuple(arn for arn in recorded.to_undo if arn in named)
    accounts = at.open()
    unrecorded = find_unrecorded(whole, named, recorded, accounts)
    print_status(render_unrecorded(unrecorded), nl=False)
    for arn in (arn for arn in states if arn in named and arn not in (*chosen, *unrecorded)):
        print_escaped_status(f"{arn}: already undone")
    if not chosen:
        if unrecorded:
            raise typer.Exit(ExitCode.FOUND)
        print_status("nothing to undo" if states else "nothing to undo: the journal next to the plan holds no rollout")
        return
    calls = [(arn, [call for _, call in states[arn].calls_to_undo]) for arn in chosen if arn in states]
    typer.echo(for_terminal(render_undo(calls, whole.principals)), nl=False)
    _confirm(f"Restore {_counted(len(chosen))}?", yes=yes)
    _end(undo_rollout(plan, whole, chosen, accounts, settle_seconds=settle, print_status=print_escaped_status))
    if unrecorded:
        raise typer.Exit(ExitCode.FOUND)


@app.command("unlock", cls=PlainCommand)
@as_command
def _unlock_command(
    plan: _PlanArgument,
    at: _ConnectionOptions,
    role: Annotated[list[str] | None, _role_option("A role or user to unlock. By default, all. Repeatable.")] = None,
    yes: _YesOption = False,
) -> None:
    """Remove locks that killed runs left behind.

    A run of `apply` or `undo` locks each principal that it is changing, and other runs leave the principal unchanged.
    If a run is killed, its lock remains. If you still have that run's journal, run `apply` or `undo` again with it: the
    new run continues under the lock. If the journal is lost, remove the lock with this command. Check first that no
    other run is active: two runs at once can leave a role without policies.

    Exit 1 if nothing was confirmed.

    \b
    Example:
      lpgen rollout unlock plan.json --role app
    """
    from lpgen.app.rollout import chosen_principals, find_locks, remove_locks
    from lpgen.edge.rollout.plan_file import read_rollout_plan
    from lpgen.report.messages.rollout import render_locks

    whole = read_rollout_plan(plan)
    accounts = at.open()
    locks = find_locks(whole, chosen_principals(whole, role), accounts)
    if not locks:
        print_status("no principal is locked")
        return
    typer.echo(for_terminal(render_locks(locks)), nl=False)
    _confirm(f"Make sure that no run is active. Unlock {_counted(len(locks))}?", yes=yes)
    remove_locks(plan, whole, [principal for principal, _ in locks], accounts)
    print_status(f"unlocked {_counted(len(locks))}")


@app.command("watch", cls=PlainCommand)
@as_command
def _watch_command(
    plan: _PlanArgument,
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="The data folder, with the newest logs ingested.")
    ],
    format: PlainFormatOption = None,  # noqa: A002
    output: OutputFileOption = None,
    snapshot: SnapshotOption = "",
    catalog: CatalogOption = None,
) -> None:
    """Show what was denied since a rollout.

    For each denial, shows which removed line would have allowed it, and proposes the line to restore. Names the removed
    actions whose denials the logs can't show. Reads only the data folder. An action that the policies of a later
    snapshot allow again counts as restored.

    For a role whose trust policy was narrowed, also shows who was denied a session.

    Exit 1 if the rollout may have caused a denial, and the action or the caller isn't restored.

    \b
    Example:
      lpgen rollout watch plan.json --data lpgen-data
    """
    from lpgen.app.rollout import watch
    from lpgen.edge.catalog.files import open_catalog
    from lpgen.edge.rollout.plan_file import read_rollout_plan
    from lpgen.report.messages.rollout import render_watch

    chosen = choose_format(format, output, PlainFormat)
    watched = watch(read_rollout_plan(plan), plan, data, open_catalog(catalog), snapshot=snapshot)
    write_output(render_watch(watched, chosen.value), output)
    if any(principal.found for principal in watched):
        raise typer.Exit(ExitCode.FOUND)


# ---------------------------------------------------------------- shared by the commands


def _confirm(question: str, *, yes: bool) -> None:
    """Ends the command unless a person agrees. No answer means no."""
    if yes:
        return
    try:
        status_line.clear()
        status_line.is_hidden = True
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        agreed = False
    status_line.is_hidden = False
    if not agreed:
        hint = "" if sys.stdin.isatty() else " (give --yes if nobody can answer)"
        print_status(f"nothing was changed{hint}")
        raise typer.Exit(ExitCode.FOUND)


def _counted(count: int) -> str:
    return "1 principal" if count == 1 else f"{count} principals"


def _end(outcomes: Iterable[RolloutOutcome], *, already_said: frozenset[str] = frozenset()) -> None:
    """Prints each principal's outcome, except those in `already_said`, and exits with the code of the worst."""
    from lpgen.core.rollout.plan import OutcomeKind
    from lpgen.report.messages.rollout import render_outcomes

    found: list[RolloutOutcome] = []
    try:
        for outcome in outcomes:
            found.append(outcome)  # noqa: PERF402 (an error must not lose earlier outcomes)
    finally:  # an error or an interrupt must not hide earlier outcomes
        print_status(render_outcomes([outcome for outcome in found if outcome.principal not in already_said]), nl=False)
    kinds = {outcome.kind for outcome in found}
    unfinished = {OutcomeKind.TAKEN_BACK, OutcomeKind.STUCK, OutcomeKind.NOT_REACHED}
    if kinds & {*unfinished, OutcomeKind.UNDONE_IN_PART, OutcomeKind.LEFT}:
        raise typer.Exit(ExitCode.UNFINISHED)
    if kinds & {OutcomeKind.REFUSED, OutcomeKind.UNDONE_BUT, OutcomeKind.UNDONE_NEAREST, OutcomeKind.GONE}:
        raise typer.Exit(ExitCode.FOUND)
