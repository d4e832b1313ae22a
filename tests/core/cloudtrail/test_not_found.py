"""The codes of what isn't there, against botocore's service models."""

from __future__ import annotations

import botocore.session
import pytest

from lpgen.core.cloudtrail.not_found import DOCUMENTED, MODELLED, says_not_found
from lpgen.core.cloudtrail.outcome import normalise_error_code


def read_error_codes(service: str) -> set[str]:
    """Each error of a service model, by its code and by its shape's name: CloudTrail records either."""
    shapes = botocore.session.Session().get_service_model(service).error_shapes
    spellings = {text for shape in shapes for text in (shape.error_code, shape.name)}
    return {normalise_error_code(text).removesuffix("fault") for text in spellings}


def test_modelled_codes_are_errors_of_their_service_model() -> None:
    unknown = {service: set(codes.split()) - read_error_codes(service) for service, codes in MODELLED.items()}
    assert {service: codes for service, codes in unknown.items() if codes} == {}


def test_tables_are_in_the_spelling_that_is_looked_up() -> None:
    codes = [code for table in (DOCUMENTED, MODELLED) for codes in table.values() for code in codes.split()]
    assert [code for code in codes if not says_not_found(code)] == []


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
def test_says_not_found_is_of_the_named_thing_itself(code: str, is_missing: bool) -> None:
    assert says_not_found(code) is is_missing


def test_says_not_found_is_false_where_what_the_call_names_is_there() -> None:
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
    assert [code for code in parts if says_not_found(code)] == []
