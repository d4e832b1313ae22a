"""lpgen reduces the policies of AWS roles and users to the permissions that CloudTrail shows they use.

Each name is imported when it is first used. `docs/python.md` shows examples.
"""

from typing import TYPE_CHECKING

from lpgen.errors import LpgenError
from lpgen.version import __version__ as __version__

if TYPE_CHECKING:
    from lpgen.app.api import (
        Backtest,
        DaskEngine,
        Drift,
        IngestResult,
        LocalEngine,
        OutputVerification,
        Report,
        SparkEngine,
        Stamp,
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
