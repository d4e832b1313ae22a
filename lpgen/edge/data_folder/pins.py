"""Pins a generation of the usage tables for an output folder, so ingests keep it.

`DIR/pins/NAME.json` names an output folder and a generation. A pin counts while the output folder names the generation.
It always counts on its first day, because the output may be unfinished.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import msgspec

from lpgen.edge.private_files import make_private_folder, open_private

PINS: Final = "pins"
_GRACE_SECONDS: Final = 24 * 3600
_UNREADABLE: Final = (OSError, ValueError, RecursionError, msgspec.DecodeError)


@dataclass(frozen=True, slots=True)
class _Pin:
    """One output folder, as an absolute path, and the generation that it was made from."""

    output: str
    generation: str


class _Inputs(msgspec.Struct):
    usage: str


class _SummaryFile(msgspec.Struct):
    inputs: _Inputs


def pin_generation(data: Path, generation: str, output: Path) -> None:
    """Keeps the tables of a generation for an output folder. Does nothing if the data folder can't be written."""
    pin = _Pin(str(output.absolute()), generation)
    with contextlib.suppress(OSError):
        make_private_folder(data / PINS)
        with open_private(_pin_path(data, pin), "w") as file:
            file.write(json.dumps(asdict(pin)) + "\n")


def release_pins(data: Path, generation: str, output: Path) -> None:
    """Removes the pins of an output folder, except that of the generation."""
    for path, pin in list(_read_pins(data)):
        if pin.output == str(output.absolute()) and pin.generation != generation:
            with contextlib.suppress(OSError):
                path.unlink()


def pinned_generations(data: Path) -> frozenset[str]:
    """The generations that pins keep."""
    return frozenset(pin.generation for path, pin in _read_pins(data) if _counts(path, pin))


def remove_stale_pins(data: Path) -> None:
    """Removes the pins that no longer count."""
    for path, pin in list(_read_pins(data)):
        if not _counts(path, pin):
            with contextlib.suppress(OSError):
                path.unlink()


def _counts(path: Path, pin: _Pin) -> bool:
    try:
        return _is_made_from(pin) or time.time() - path.stat().st_mtime < _GRACE_SECONDS
    except FileNotFoundError:
        return False


def _read_pins(data: Path) -> Iterator[tuple[Path, _Pin]]:
    if (data / PINS).is_symlink():
        return
    for path in (data / PINS).glob("*.json"):
        with contextlib.suppress(*_UNREADABLE):
            yield path, msgspec.json.decode(path.read_bytes(), type=_Pin)


def _is_made_from(pin: _Pin) -> bool:
    try:
        summary = msgspec.json.decode((Path(pin.output) / "summary.json").read_bytes(), type=_SummaryFile)
    except _UNREADABLE:
        return False
    return summary.inputs.usage == pin.generation


def _pin_path(data: Path, pin: _Pin) -> Path:
    name = hashlib.sha256(f"{pin.output}\n{pin.generation}".encode(errors="surrogatepass")).hexdigest()
    return data / PINS / f"{name}.json"
