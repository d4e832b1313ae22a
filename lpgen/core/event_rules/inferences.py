"""The inference rules by name: what the `how` of a mapped action means, for reports.

A rule is here when it derives an action from a record of another action. Each has the page it comes from.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Inference(NamedTuple):
    """One inference rule: a sentence for people and the AWS page behind it."""

    sentence: str
    source: str


PASS_ROLE: Final = "pass-role"
TAG_ON_CREATE: Final = "tag-on-create"
BUCKET_SETTINGS: Final = "bucket-settings-on-create"
METADATA_TABLES: Final = "metadata-tables"
OBJECT_HEADERS: Final = "object-headers"
COPY_SOURCE: Final = "copy-source"
GOVERNANCE_BYPASS: Final = "governance-bypass"
SESSION_CONTEXT: Final = "session-context"
SSM_IMAGE_ALIAS: Final = "ssm-image-alias"
DIRECTORY_BUCKET_SESSION: Final = "directory-bucket-session"

INFERENCES: dict[str, Inference] = {
    PASS_ROLE: Inference(
        "the call hands a role to an AWS service, which CloudTrail never records as iam:PassRole",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
    ),
    TAG_ON_CREATE: Inference(
        "the call sets tags on what it creates, which needs the tagging action too",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html",
    ),
    BUCKET_SETTINGS: Inference(
        "the headers of CreateBucket ask for settings that each need their own action",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html",
    ),
    METADATA_TABLES: Inference(
        "a metadata configuration makes its tables in an S3 table bucket with the caller's permissions",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/metadata-tables-permissions.html",
    ),
    OBJECT_HEADERS: Inference(
        "the headers of the upload set an ACL, tags, a retention or a legal hold, which each need their own action",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html",
    ),
    COPY_SOURCE: Inference(
        "the copy reads its source with the caller's permissions",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html",
    ),
    GOVERNANCE_BYPASS: Inference(
        "the call bypasses governance-mode retention, which has an action of its own",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html",
    ),
    DIRECTORY_BUCKET_SESSION: Inference(
        "object calls on a directory bucket are authorized by s3express:CreateSession alone",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-authenticating-authorizing.html",
    ),
    SESSION_CONTEXT: Inference(
        "the session is given tags, a source identity or a context, which each need their own action",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html",
    ),
    SSM_IMAGE_ALIAS: Inference(
        "the launch names its image by a Systems Manager parameter, which is read with the caller's permissions",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html",
    ),
}
