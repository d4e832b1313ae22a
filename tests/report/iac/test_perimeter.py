"""The files of new resource policies: each form has the same document, and hostile names stay data."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import pytest
import yaml

from lpgen.core.perimeter.proposals import PerimeterReport
from lpgen.core.perimeter.resources import PolicyResource, read_types
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.report.iac.perimeter import files_of_perimeter
from tests.core.perimeter.worlds import APP, call, report, world
from tests.report.iac.hcl_reader import read_blocks, read_heredoc
from tests.support.worlds import ACCOUNT

TYPES = bundled_catalog().facts(read_types)
REGIONAL = f"us-east-1:{ACCOUNT}"
ARNS = {
    "s3:bucket": "arn:aws:s3:::data",
    "kms:key": f"arn:aws:kms:{REGIONAL}:key/1",
    "secretsmanager:secret": f"arn:aws:secretsmanager:{REGIONAL}:secret:a/b-x",
    "sqs:queue": f"arn:aws:sqs:{REGIONAL}:queue",
    "sns:topic": f"arn:aws:sns:{REGIONAL}:topic",
    "dynamodb:table": f"arn:aws:dynamodb:{REGIONAL}:table/t",
    "lambda:function": f"arn:aws:lambda:{REGIONAL}:function:f",
}


def files_of(type_: str, arn: str) -> dict[str, str]:
    """The files of a resource of a type, by name."""
    found = world([call(APP, endpoint="vpce-1"), call(APP, "s3:PutObject", endpoint="vpce-1")])
    whole = report(found)
    resource = PolicyResource(arn, type_, TYPES[type_], ACCOUNT)
    written = dict(files_of_perimeter(PerimeterReport((replace(whole, resource=resource),))))
    assert len({path.partition("/")[0] for path in written}) == 1
    return {path.partition("/")[2]: text for path, text in written.items()}


@pytest.mark.parametrize("type_", TYPES)
def test_every_form_has_the_document(type_: str) -> None:
    files = files_of(type_, ARNS[type_])
    document = json.loads(files["policy.json"])
    assert len(document["Statement"]) == 3
    words = shlex.split(files["apply.sh"].replace("revision=$(", "").replace(")", "").replace('"$revision"', "x"))
    assert any(word.startswith("file://") for word in words)
    if "file://attributes.json" in words:
        assert json.loads(json.loads(files["attributes.json"])["Policy"]) == document
    if TYPES[type_].terraform:
        (block,) = read_blocks(files["policy.tf"]).values()
        assert json.loads(read_heredoc(block["policy"])) == document
    if TYPES[type_].cloudformation:
        (made,) = yaml.safe_load(files["template.yaml"])["Resources"].values()
        assert document in made["Properties"].values()


@pytest.mark.parametrize("name", ["a b", "$(touch x)", "'; touch x; '", "a\nb", "../../x", "\u202ex"])
def test_hostile_names_stay_one_word_of_the_command(name: str) -> None:
    arn = f"arn:aws:sqs:{REGIONAL}:{name}"
    files = files_of("sqs:queue", arn)
    url = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{name}"
    assert url in shlex.split(files["apply.sh"], comments=True)
