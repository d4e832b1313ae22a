"""Decisions against cases written from AWS's documentation, as lines of `lpgen authorize`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lpgen.core.iam.request_line import decide_line
from lpgen.edge.catalog.files import open_catalog
from tests.support.case_tables import each_case

FOLDER = Path(__file__).parents[2] / "cases" / "conformance"
CATALOG = open_catalog()
CASES = [(file.stem, case) for file in sorted(FOLDER.glob("*.json")) for case in json.loads(file.read_text())]


@each_case("subject, case", CASES, ids=lambda subject, case: f"{subject}: {case['name']}")
def test_requests_are_decided_as_aws_documents(subject: str, case: dict[str, Any]) -> None:
    answer = decide_line(json.dumps(case["request"]), CATALOG)
    assert answer.get("result") == case["result"], (subject, answer)
