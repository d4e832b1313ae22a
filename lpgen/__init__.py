"""lpgen makes AWS roles least-privileged from what CloudTrail shows they really do.

Each name is imported when it is first used. `docs/python.md` shows examples.
"""

from typing import TYPE_CHECKING

from lpgen.errors import LpgenError
from lpgen.version import __version__ as __version__

if TYPE_CHECKING:
    from lpgen.app.api import (
        backtest,
        denials_frame,
        drift,
        findings_frame,
        generate,
        ingest,
        review,
        save_baseline,
        usage_frame,
        verdicts_frame,
        verify,
        windows_frame,
    )
    from lpgen.core.backtests import Backtest
    from lpgen.core.drift.findings import Drift
    from lpgen.core.drift.states import Stamp
    from lpgen.core.findings import Report
    from lpgen.core.replacements import OutputVerification
    from lpgen.core.usage.ingest_result import IngestResult
    from lpgen.edge.engines.dask_cluster import DaskEngine
    from lpgen.edge.engines.local_processes import LocalEngine
    from lpgen.edge.engines.spark_cluster import SparkEngine
else:

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from lpgen.app import api

        return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "Backtest",
    "DaskEngine",
    "Drift",
    "IngestResult",
    "LocalEngine",
    "LpgenError",
    "OutputVerification",
    "Report",
    "SparkEngine",
    "Stamp",
    "backtest",
    "denials_frame",
    "drift",
    "findings_frame",
    "generate",
    "ingest",
    "review",
    "save_baseline",
    "usage_frame",
    "verdicts_frame",
    "verify",
    "windows_frame",
]
