"""The options for where a command runs, and the engine that they choose."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from lpgen.errors import InvocationError

if TYPE_CHECKING:
    from lpgen.edge.engine import Engine


class EngineName(StrEnum):
    """Where the work is done."""

    LOCAL = "local"
    DASK = "dask"
    SPARK = "spark"


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineOptions:
    """Where a command runs."""

    engine: Annotated[
        EngineName,
        typer.Option("--engine", help="Where to run: on this machine, or on an existing Dask or Spark cluster."),
    ] = EngineName.LOCAL
    workers: Annotated[
        int,
        typer.Option("--workers", metavar="N", min=0, help="How many local processes to use; 0 means one per core."),
    ] = 0
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="ADDRESS", help="The Dask scheduler, such as tcp://10.0.0.5:8786.")
    ] = ""
    master: Annotated[
        str, typer.Option("--master", metavar="URL", help="The Spark master, such as yarn or spark://10.0.0.5:7077.")
    ] = ""

    @contextmanager
    def open(self) -> Iterator[Engine]:
        """The engine, ready to use. Refuses options that would be ignored.

        Raises:
            InvocationError: an option is missing, or belongs to another engine.
            EngineError: the cluster can't be reached, or its package isn't installed.
        """
        for option, value, owner in (
            ("--scheduler", self.scheduler, EngineName.DASK),
            ("--master", self.master, EngineName.SPARK),
            ("--workers", self.workers, EngineName.LOCAL),
        ):
            if value and self.engine is not owner:
                raise InvocationError(f"{option} works only with --engine {owner}")
        if self.engine is EngineName.DASK:
            from lpgen.edge.engines.dask_cluster import open_dask_engine

            with open_dask_engine(_needed(self.scheduler, "--engine dask", "--scheduler ADDRESS")) as dask:
                yield dask
        elif self.engine is EngineName.SPARK:
            from lpgen.edge.engines.spark_cluster import open_spark_engine

            with open_spark_engine(_needed(self.master, "--engine spark", "--master URL")) as spark:
                yield spark
        else:
            from lpgen.edge.engines.local_processes import LocalEngine

            yield LocalEngine(self.workers or os.cpu_count() or 1)


def _needed(value: str, option: str, needs: str) -> str:
    if not value:
        raise InvocationError(f"{option} needs {needs}")
    return value
