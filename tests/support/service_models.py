"""AWS's service models, kept for all sessions of a process: each of the tests' many sessions would parse its own.

They are JSON of megabytes, and make most of what it takes to create a client.
"""

from __future__ import annotations

from typing import Any

from botocore.loaders import Loader


def share_service_models() -> None:
    """Gives all sessions from now on the models that one of them has loaded."""
    initialize = Loader.__init__
    loaded: dict[Any, Any] = {}

    def initialize_shared(self: Any, *arguments: Any, **options: Any) -> None:
        initialize(self, *arguments, **options)
        self._cache = loaded

    Loader.__init__ = initialize_shared
