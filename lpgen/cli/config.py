"""`lpgen config`: the current defaults, and where each comes from."""

from __future__ import annotations

from lpgen.cli.formats import PlainFormat, PlainFormatOption, choose_format
from lpgen.cli.options import OutputFileOption
from lpgen.cli.output import terminal_width, wants_color, write_output
from lpgen.cli.settings import chosen_settings


def config_command(
    format: PlainFormatOption = None,  # noqa: A002
    output: OutputFileOption = None,
) -> None:
    """Show the current defaults, and where each comes from.

    An option on the command line takes precedence, then the LPGEN_* variable, then the file lpgen.toml in the current
    folder, then lpgen's own default. Paths in lpgen.toml are relative to the file and stay in its folder. Somebody else
    may have written the file, so it can only make lpgen stricter: decisions, logs and accounts can't come from it.

    \b
    Example:
      lpgen config --format json
    """
    from lpgen.report.messages.config import render_config

    chosen = choose_format(format, output, PlainFormat)
    write_output(
        render_config(chosen_settings(), chosen.value, width=terminal_width(), color=wants_color(output)), output
    )
