"""The folder of the sample organization: inside an installed package, or next to the package in a checkout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lpgen.errors import DataError

_PACKAGE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class SampleLogs:
    """The sample organization's logs and its authorization details, as folders."""

    logs: Path
    policies: Path


def bundled_sample_logs(package: Path = _PACKAGE) -> SampleLogs:
    """The sample logs that come with lpgen.

    Raises:
        DataError: they are in neither place, so the installation is damaged.
    """
    for folder in (package / "_sample_logs", package.parent / "sample_logs"):
        if (folder / "AWSLogs").is_dir():
            return SampleLogs(folder / "AWSLogs", folder / "authorization-details")
    raise DataError(f"the sample logs are missing from `{package}`", hint="install lpgen again")
