"""Pins: an ingest keeps the tables that an output folder was made from, and no others."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from lpgen.edge.data_folder.pins import pin_generation, pinned_generations, release_pins
from lpgen.edge.data_folder.usage_files import remove_stale_usage

OLD, NEW, OTHER = "a" * 64, "b" * 64, "c" * 64
DAYS = 24 * 3600


def make_data(tmp_path: Path) -> Path:
    for generation in (OLD, NEW, OTHER):
        (tmp_path / "data" / "usage" / generation).mkdir(parents=True)
    return tmp_path / "data"


def make_output(folder: Path, generation: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "summary.json").write_text(json.dumps({"inputs": {"usage": generation}}), encoding="utf-8")
    return folder


def age_pins(data: Path) -> None:
    for path in (data / "pins").iterdir():
        os.utime(path, (time.time() - 2 * DAYS, time.time() - 2 * DAYS))


def generations(data: Path) -> set[str]:
    return {path.name for path in (data / "usage").iterdir()}


def test_pin_keeps_tables_while_the_output_names_them(tmp_path: Path) -> None:
    data = make_data(tmp_path)
    pin_generation(data, OLD, make_output(tmp_path / "out", OLD))
    age_pins(data)
    remove_stale_usage(data, NEW)
    assert generations(data) == {OLD, NEW}
    make_output(tmp_path / "out", NEW)
    assert pinned_generations(data) == frozenset()
    remove_stale_usage(data, NEW)
    assert generations(data) == {NEW}
    assert list((data / "pins").iterdir()) == []


def test_pin_keeps_tables_for_a_day_while_an_output_is_made(tmp_path: Path) -> None:
    data = make_data(tmp_path)
    pin_generation(data, OLD, tmp_path / "out")
    remove_stale_usage(data, NEW)
    assert generations(data) == {OLD, NEW}
    age_pins(data)
    remove_stale_usage(data, NEW)
    assert generations(data) == {NEW}


def test_released_pins_are_those_of_the_output_and_of_other_tables(tmp_path: Path) -> None:
    data = make_data(tmp_path)
    pin_generation(data, OLD, tmp_path / "out")
    pin_generation(data, NEW, tmp_path / "out")
    pin_generation(data, OTHER, tmp_path / "other")
    release_pins(data, NEW, tmp_path / "out")
    assert pinned_generations(data) == {NEW, OTHER}


def test_damaged_pins_keep_nothing_and_stop_nothing(tmp_path: Path) -> None:
    data = make_data(tmp_path)
    (data / "pins").mkdir()
    (data / "pins" / "x.json").write_text("{", encoding="utf-8")
    (data / "pins" / "y.json").write_text('{"output": 1}', encoding="utf-8")
    (data / "pins" / "z.json").write_bytes(b'{"output": "\xff", "generation": "g"}')
    (data / "pins" / "0.json").write_text('{"output": "\\u0000", "generation": "g"}', encoding="utf-8")
    age_pins(data)
    assert pinned_generations(data) == frozenset()
    remove_stale_usage(data, NEW)
    assert generations(data) == {NEW}


def test_pin_of_a_folder_that_cannot_be_written_is_left_out(tmp_path: Path) -> None:
    data = make_data(tmp_path)
    (data / "pins").write_text("no folder", encoding="utf-8")
    pin_generation(data, OLD, tmp_path / "out")
    assert pinned_generations(data) == frozenset()
