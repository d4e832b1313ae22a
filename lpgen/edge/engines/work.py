"""Work in the form sent to the workers of a cluster: the function as bytes, which each worker unpacks once.

The bytes hold no secret, only how to find things: a path or bucket, a Region, a role.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from typing import Any, Final

from lpgen.errors import EngineError
from lpgen.version import __version__

_unpacked: Final = threading.local()
"""A function of each thread, since functions remember what they worked out, and a worker may have several threads."""


def pack_function(fn: Callable[[Any], Any]) -> bytes:
    """The function for `run_packed`, the same bytes each time."""
    return pickle.dumps((__version__, pickle.dumps(fn)))


def run_packed(packed: bytes, item: Any) -> Any:
    """The packed function's result for an item.

    Raises:
        EngineError: this worker has another version of lpgen than the process that packed it.
    """
    if getattr(_unpacked, "packed", None) != packed:
        version, function = pickle.loads(packed)
        if version != __version__:
            raise EngineError(
                f"a worker has lpgen {__version__}, and this command runs with {version}",
                hint=f"install lpgen {version} on every machine of the cluster",
            )
        _unpacked.function, _unpacked.packed = pickle.loads(function), packed
    return _unpacked.function(item)
