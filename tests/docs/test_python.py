"""The page about Python: its notebook runs as it stands, and its reference is that of the functions.

`LPGEN_UPDATE_GOLDEN=1 python -m pytest tests/docs/test_python.py` writes outputs and reference anew.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import os
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

import lpgen
from lpgen.core.usage.tables import USAGE_SCHEMA
from lpgen.report.tables import DENIAL_SCHEMA, FINDING_SCHEMA, VERDICT_SCHEMA, WINDOW_SCHEMA
from tests.support.documents import PYTHON_PAGE, check_block
from tests.support.sample_organization import ROOT

_CELL = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)
_FRAMES = {
    "verdicts_frame": VERDICT_SCHEMA,
    "findings_frame": FINDING_SCHEMA,
    "denials_frame": DENIAL_SCHEMA,
    "windows_frame": WINDOW_SCHEMA,
    "usage_frame": USAGE_SCHEMA,
}
_FUNCTIONS = ("ingest", "review", "generate", "verify", "backtest", "save_baseline", "drift", *_FRAMES)


def _output_of(cell: str, names: dict[str, Any]) -> str:
    """What a notebook shows below a cell: what it prints, and the value of its last line."""
    *lines, last = ast.parse(cell).body
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(ast.Module(lines, []), str(PYTHON_PAGE), "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), str(PYTHON_PAGE), "eval"), names)
            if value is not None:
                print(value if isinstance(value, str) else repr(value))
        else:
            exec(compile(ast.Module([last], []), str(PYTHON_PAGE), "exec"), names)
    return shown.getvalue()


@pytest.mark.slow
def test_notebook_of_the_page_shows_what_it_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sample_logs").symlink_to(ROOT)
    names: dict[str, Any] = {}

    def run(cell: re.Match[str]) -> str:
        if "YOUR-" in cell[1]:
            compile(cell[1], str(PYTHON_PAGE), "exec")
            return cell[0]
        output = _output_of(cell[1], names)
        return f"```python\n{cell[1]}```\n" + (f"\n```text\n{output}```\n" if output else "")

    page = PYTHON_PAGE.read_text(encoding="utf-8")
    found = _CELL.sub(run, page)
    if os.environ.get("LPGEN_UPDATE_GOLDEN") == "1":
        PYTHON_PAGE.write_text(found, encoding="utf-8")
    assert PYTHON_PAGE.read_text(encoding="utf-8") == found
    assert len(names) > 5


def _reference(name: str) -> str:
    """A heading, the signature without types, and the docstring."""
    function = getattr(lpgen, name)
    own = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in inspect.signature(function).parameters.values()
    ]
    signature = inspect.Signature(own)
    call = textwrap.fill(f"lpgen.{name}{signature}", 100, subsequent_indent="    ", break_on_hyphens=False)
    text = inspect.getdoc(function)
    columns = _FRAMES.get(name)
    listed = "" if columns is None else "\n\n" + textwrap.fill(f"Columns: {', '.join(columns.names)}.", 100)
    return f"### lpgen.{name}\n\n```text\n{call}\n\n{text}{listed}\n```"


def test_page_has_the_signature_and_docstring_of_every_function() -> None:
    check_block(PYTHON_PAGE, "functions", "\n\n".join(map(_reference, _FUNCTIONS)))
    assert set(_FUNCTIONS) == {one for one in lpgen.__all__ if one.islower()}
