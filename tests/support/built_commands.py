"""lpgen's commands, built once per process: typer builds all of them again for each that runs, which takes 0.07 s."""

from __future__ import annotations

from functools import cache

import typer.main
import typer.testing


def build_commands_once() -> None:
    """Lets typer and its test runner keep the commands of an app."""
    once = cache(typer.main.get_command)
    for module, name in ((typer.main, "get_command"), (typer.testing, "_get_command")):
        setattr(module, name, once)
