"""The output folder read back as written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lpgen.core.schemas import EVIDENCE_SCHEMA
from lpgen.edge.output_folder import SUMMARY
from lpgen.edge.replacement_files import EVIDENCE, read_output, read_replacements, write_text
from lpgen.errors import OutputError

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
LINE = {
    "action": "s3:GetObject",
    "resources": ["*"],
    "parent": {"policy": "old", "group": ""},
    "evidence": [{"kind": "kept", "rule": ""}],
}


def written(folder: Path, *, lines: list[object] | None = None) -> Path:
    evidence = {
        "schema": EVIDENCE_SCHEMA,
        "principal": "arn:aws:iam::1:role/app",
        "principal_id": "AROAAPP",
        "safe": True,
        "not_safe_because": [],
        "as_of": "2026-09-30",
        "replaces": {"policies_sha256": "0" * 64},
        "policies": [{"file": "policy-1.json", "name": "app", "type": "managed"}],
        "lines": [LINE] if lines is None else lines,
        "left_attached": [],
    }
    write_text(folder / "app" / EVIDENCE, json.dumps(evidence))
    write_text(folder / "app" / "policy-1.json", json.dumps(POLICY))
    write_text(folder / SUMMARY, "{}")
    return folder


def test_read_replacements_reads_documents_and_stated_reasons(tmp_path: Path) -> None:
    (found,) = read_replacements(written(tmp_path / "out"))
    assert found.principal == "arn:aws:iam::1:role/app"
    assert [document.file for document in found.documents] == ["app/policy-1.json"]
    assert found.stated == (("s3:GetObject", "*"),)


def test_read_replacements_takes_no_observed_line_for_a_stated_reason(tmp_path: Path) -> None:
    seen = {**LINE, "evidence": [{"kind": "observed", "rule": ""}]}
    (found,) = read_replacements(written(tmp_path / "out", lines=[seen]))
    assert found.stated == ()


def test_read_replacements_refuses_files_that_come_or_go(tmp_path: Path) -> None:
    out = written(tmp_path / "out")
    write_text(out / "app" / "policy-2.json", json.dumps(POLICY))
    with pytest.raises(OutputError, match="is not listed"):
        read_replacements(out)
    (out / "app" / "policy-2.json").unlink()
    (out / "app" / "policy-1.json").unlink()
    with pytest.raises(OutputError, match="is missing"):
        read_replacements(out)


def test_read_replacements_names_damage(tmp_path: Path) -> None:
    out = written(tmp_path / "out")
    write_text(out / "app" / EVIDENCE, "{")
    with pytest.raises(OutputError, match="can't read"):
        read_replacements(out)
    (out / "app" / EVIDENCE).unlink()
    with pytest.raises(OutputError, match=f"has no {EVIDENCE} next to it"):
        read_replacements(out)
    with pytest.raises(OutputError, match="there is no folder"):
        read_replacements(tmp_path / "nowhere")


@pytest.mark.parametrize("number", [0, 3])
def test_summary_and_evidence_of_another_schema_are_refused_by_its_number(tmp_path: Path, number: int) -> None:
    out = written(tmp_path / "out")
    write_text(out / SUMMARY, json.dumps({"schema": f"lpgen.summary/{number}"}))
    with pytest.raises(OutputError) as found:
        read_output(out)
    assert f"`{out / SUMMARY}` has the schema `lpgen.summary/{number}`, and" in found.value.message
    assert found.value.hint == "run `lpgen generate` again, with --replace"
    path = out / "app" / EVIDENCE
    path.write_text(path.read_text().replace(EVIDENCE_SCHEMA, f"lpgen.evidence/{number}"))
    with pytest.raises(OutputError) as found:
        read_replacements(out)
    assert f"`{path}` has the schema `lpgen.evidence/{number}`, and" in found.value.message
    assert found.value.hint == "run `lpgen generate` again"
