"""The repository's root, and blocks of its documents that are generated or run: `<!-- NAME -->` to `<!-- /NAME -->`."""

from __future__ import annotations

import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
ACCOUNT_PAGE = ROOT / "docs" / "own-account.md"
COMMANDS_PAGE = ROOT / "docs" / "commands.md"
DECISIONS_PAGE = ROOT / "docs" / "decisions.md"
DEMO_PAGE = ROOT / "docs" / "demo.md"
FORMATS_PAGE = ROOT / "docs" / "formats.md"
GRAPH_PAGE = ROOT / "docs" / "graph.md"
PYTHON_PAGE = ROOT / "docs" / "python.md"
POLICIES_PAGE = ROOT / "docs" / "policies.md"
ROLES_PAGE = ROOT / "docs" / "roles.md"
WALLS_PAGE = ROOT / "docs" / "second-wall.md"
TRUST_PAGE = ROOT / "docs" / "trust.md"
GITHUB_PAGE = ROOT / "docs" / "github-subjects.md"


def read_block(page: Path, name: str) -> str:
    """What stands between the marks of a block."""
    found = re.findall(f"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", page.read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) == 1, f"{page.name} has {len(found)} blocks {name}"
    (text,) = found
    return str(text)


def check_block(page: Path, name: str, text: str) -> None:
    """Fails unless the block holds the text; with `LPGEN_UPDATE_GOLDEN=1` writes it instead."""
    if os.environ.get("LPGEN_UPDATE_GOLDEN") == "1":
        whole = page.read_text(encoding="utf-8")
        marks = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = whole.partition(marks[0])
        _, _, after = rest.partition(marks[1])
        page.write_text(f"{before}{marks[0]}{text}\n{marks[1]}{after}", encoding="utf-8")
    assert read_block(page, name) == text, f"{page.name} differs; write it by this test with LPGEN_UPDATE_GOLDEN=1"
