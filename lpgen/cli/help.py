"""The layout of help, in plain text: the commands in the order of work, and arguments without Python types."""

from __future__ import annotations

import re
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from lpgen.cli.settings import defaults_from_file, refuse_missing, setting_of
from lpgen.errors import LpgenError

SECTIONS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("Start here", ("demo",)),
    ("Gather", ("snapshot", "ingest", "check")),
    (
        "Review",
        (
            *("review", "backtest", "observe", "explain", "trust", "graph", "roles", "perimeter", "guardrails", "tags"),
            "wildcards",
        ),
    ),
    ("Replace", ("generate", "verify", "rollout")),
    ("Every week", ("baseline", "drift")),
    ("Look things up", ("catalog", "map", "authorize", "iam-policy", "schema", "config")),
)


class WorkOrder(TyperGroup):
    """A group whose help has sections."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
        """The names of the commands in the order of work."""
        return [name for _, names in SECTIONS for name in names]

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]  # noqa: ARG002
        """Writes the commands below their headings, in columns that line up."""
        width = max(map(len, self.commands))
        for title, names in SECTIONS:
            rows = [
                (name.ljust(width), self.commands[name].get_short_help_str(formatter.width - 6 - width))
                for name in names
            ]
            with formatter.section(title):
                formatter.write_dl(rows)


class StoppedCommandError(Exception):
    """A command was interrupted, or failed with an unexpected error, which is the cause of this error.

    Without this class, typer would use its own exit codes for interrupts and system errors.
    """

    def __init__(self, command: str) -> None:
        super().__init__(command)
        self.command = command


class PlainCommand(TyperCommand):
    """A command that takes defaults from settings. Its help names arguments as manuals do."""

    def __init__(self, name: str | None, **attributes: Any) -> None:
        super().__init__(name, **attributes)
        for parameter in self.params:
            setting = setting_of(name or "", parameter.name or "")
            if setting is not None:
                parameter.envvar = setting.variable

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of a run, with the defaults of `lpgen.toml` unless help is requested.

        Raises:
            InvocationError: the file is wrong, or sets what only the command line may set.
        """
        if not {"-h", "--help"}.intersection(args):
            extra["default_map"] = defaults_from_file(self.name or "")
        try:
            return super().make_context(info_name, args, parent, **extra)
        except typer.BadParameter as error:
            refuse_missing(self.name or "", (error.param.name if error.param else None) or "")
            raise

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Runs the command.

        Raises:
            StoppedCommandError: it was interrupted, or failed with an unexpected error.
        """
        try:
            return super().invoke(ctx)
        except (LpgenError, TyperException, typer.Exit, typer.Abort):
            raise
        except (KeyboardInterrupt, Exception) as error:
            group = ctx.parent.info_name if ctx.parent and ctx.parent.parent else None
            raise StoppedCommandError(f"{group} {ctx.info_name}" if group else str(ctx.info_name)) from error

    def collect_usage_pieces(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """The pieces of the usage line."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Writes the arguments, without types, and the options."""
        rows: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                rows[parameter.param_type_name].append(record)
        arguments = [(_TYPE.sub("", name), text) for name, text in rows["argument"]]
        for title, found in (("Arguments", arguments), ("Options", rows["option"])):
            if found:
                with formatter.section(title):
                    formatter.write_dl(found)


_TYPE: Final = re.compile(r" <[^<>]*>$")
