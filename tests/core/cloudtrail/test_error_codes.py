"""Error codes, those of what isn't there against botocore's service models."""

from __future__ import annotations

import json

import botocore.session
import pytest

from lpgen.core.cloudtrail.outcome import ErrorCodes, normalise_error_code
from lpgen.edge.catalog.files import bundled_catalog

CODES = bundled_catalog().facts(ErrorCodes)
ROWS = json.loads(bundled_catalog().source.read_table("error_codes"))


def read_error_codes(service: str) -> set[str]:
    """Each error of a service model, by its code and by its shape's name: CloudTrail records either."""
    shapes = botocore.session.Session().get_service_model(service).error_shapes
    spellings = {text for shape in shapes for text in (shape.error_code, shape.name)}
    return {normalise_error_code(text).removesuffix("fault") for text in spellings}


def test_modelled_codes_are_errors_of_their_service_model() -> None:
    modelled = {row["service"]: set(row["codes"]) for row in ROWS["missing"] if "service" in row}
    unknown = {service: codes - read_error_codes(service) for service, codes in modelled.items()}
    assert len(modelled) > 30
    assert {service: codes for service, codes in unknown.items() if codes} == {}


def test_tables_are_in_the_spelling_that_is_looked_up() -> None:
    stated = [code for rows in ROWS["outcomes"].values() for row in rows for code in row["codes"]]
    assert [code for code in stated if normalise_error_code(code) != code] == []
    assert len(stated) == len(set(stated))
    missing = [code for row in ROWS["missing"] for code in row["codes"]]
    assert [code for code in missing if not CODES.says_missing(code)] == []


@pytest.mark.parametrize(
    ("code", "is_missing"),
    [
        ("NoSuchKey", True),
        ("NoSuchEntityException", True),
        ("Client.InvalidInstanceID.NotFound", True),
        ("InvalidLaunchTemplateName.NotFoundException", True),
        ("AWS.SimpleQueueService.NonExistentQueue", True),
        ("ResourceNotFoundException", True),
        ("DBInstanceNotFound", True),
        ("DBInstanceNotFoundFault", True),
        ("DBClusterNotFoundFault", True),
        ("AccessDenied", False),
        ("", False),
    ],
)
def test_says_missing_is_of_the_named_thing_itself(code: str, is_missing: bool) -> None:
    assert CODES.says_missing(code) is is_missing


def test_says_missing_is_false_where_what_the_call_names_is_there() -> None:
    parts = (
        "BranchDoesNotExistException",
        "ChangeSetNotFoundException",
        "Client.InvalidAttachment.NotFound",
        "Client.InvalidPermission.NotFound",
        "EndpointNotFound",  # Amazon S3: the request went to the wrong endpoint
        "ImageNotFoundException",
        "IndexNotFoundException",
        "KMSNotFoundException",
        "NoSuchBucketPolicy",
        "NoSuchInvalidation",
        "NoSuchLifecycleConfiguration",
        "NoSuchOrigin",
        "NoSuchTagSet",
        "ParameterVersionNotFound",
        "PipelineExecutionNotFoundException",
        "ReplicaNotFoundException",
        "RepositoryPolicyNotFoundException",
        "ServerSideEncryptionConfigurationNotFoundError",
        "StackInstanceNotFoundException",
        "UserNotFoundException",
    )
    assert [code for code in parts if CODES.says_missing(code)] == []
