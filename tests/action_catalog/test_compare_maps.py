"""The comparison of two event maps: which calls it makes up, and that it finds what differs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from action_catalog import compare_maps
from action_catalog.sample_calls import Operation, Sample, sample_calls

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/c"
GET = Operation("acm.amazonaws.com", "GetCertificate", (("CertificateArn",),), (("CertificateArn",),), (CERTIFICATE,))


def requests_of(label: str) -> list[object]:
    return [sample.record["requestParameters"] for sample in sample_calls(GET) if sample.label == label]


def test_sample_calls_are_always_the_same() -> None:
    assert list(sample_calls(GET)) == list(sample_calls(GET))


def test_sample_calls_of_nested_parameters_can_be_written_as_json() -> None:
    paths = (("a",), ("a", "b"), ("a", "b", "c"), ("d",), ("d", "e"))
    nested = Operation("acm.amazonaws.com", "Nested", paths, (), ())
    assert json.dumps([sample.record for sample in sample_calls(nested)])
    assert list(sample_calls(nested)) == list(sample_calls(nested))


def test_sample_calls_hold_all_none_and_odd_parameters() -> None:
    assert requests_of("full") == [{"CertificateArn": CERTIFICATE}]
    assert requests_of("full capital") == [{"certificateArn": CERTIFICATE}]
    assert requests_of("without ('CertificateArn',)") == [{}]
    assert [requests_of(f"unread {number}")[0] for number in range(2)] == [None, {}]
    assert {"CertificateArn": [CERTIFICATE, "Second"]} in requests_of("only ('CertificateArn',)")


def test_sample_calls_hold_what_the_response_shows_apart_from_the_request() -> None:
    shown = Operation("rds.amazonaws.com", "Create", (("a",), ("response:made", "b")), (), ())
    records = {sample.label: sample.record for sample in sample_calls(shown)}
    for label in ("full", "full capital"):
        assert "a" in {key.lower() for key in records[label]["requestParameters"]}
        assert len(records[label]["requestParameters"]) == 1
        assert records[label]["responseElements"] == {"made": {"b": "Name-1"}}
    assert records["without ('response:made', 'b')"].get("responseElements") is None


def test_a_call_is_valid_where_every_required_parameter_fits() -> None:
    valid = {sample.label for sample in sample_calls(GET) if sample.is_valid}
    assert {"full", "required", "full capital"} <= valid
    assert not {"unread 0", "unread 1", "without ('CertificateArn',)"} & valid


def test_answers_that_differ_are_printed_with_their_calls(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(checkout: Path, _command: str, records: Sequence[Any]) -> list[Any]:
        text = CERTIFICATE if checkout == Path("old") else "arn:aws:acm:us-east-1:111122223333:certificate/*"
        return [["mapped", "", [["acm:GetCertificate", "observed", [], [["arn", text]]]]] for _ in records]

    monkeypatch.setattr(compare_maps, "run_map", answer)
    sample = Sample("full", True, {"eventSource": GET.source, "eventName": GET.name, "requestParameters": {}})
    totals = compare_maps.print_differences((Path("old"), Path("new")), [sample], examples=1)
    assert totals == {"calls": 1, "differing": 1, "valid": 1, "operations": 1, "with_valid": 1}
    printed = capsys.readouterr().out
    assert f"- mapped: acm:GetCertificate observed {CERTIFICATE}" in printed
    assert "+ mapped: acm:GetCertificate observed arn:aws:acm:us-east-1:111122223333:certificate/*" in printed


def test_a_checkout_answers_a_record_with_its_actions_and_resources() -> None:
    record: dict[str, object] = {"eventSource": GET.source, "eventName": GET.name, "awsRegion": "us-east-1"}
    record |= {"recipientAccountId": "111122223333", "requestParameters": {"certificateArn": CERTIFICATE}}
    checkout = Path(compare_maps.__file__).parents[1]
    assert compare_maps.run_map(checkout, "map", [record]) == [
        ["mapped", "", [["acm:GetCertificate", "observed", [], [["arn", CERTIFICATE]]]]]
    ]
    ((source, name, asked, answered),) = compare_maps.run_map(checkout, "ask", [record])
    assert (source, name, answered) == (GET.source, GET.name, ["acm:GetCertificate"])
    assert ["certificateArn"] in asked or ["CertificateArn"] in asked


def test_a_checkout_says_which_elements_of_the_response_it_looks_at() -> None:
    record: dict[str, object] = {"eventSource": "memorydb.amazonaws.com", "eventName": "CreateCluster"}
    ((_, _, asked, _),) = compare_maps.run_map(
        Path(compare_maps.__file__).parents[1], "ask", [record | {"awsRegion": "us-east-1", "requestParameters": {}}]
    )
    assert ["response:cluster", "subnetGroupName"] in asked
