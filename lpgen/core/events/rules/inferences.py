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
UNREAD_REQUEST: Final = "unread-request"
TAG_ON_CREATE: Final = "tag-on-create"
REQUEST_OPTION: Final = "request-option"
BUCKET_SETTINGS: Final = "bucket-settings-on-create"
METADATA_TABLES: Final = "metadata-tables"
OBJECT_HEADERS: Final = "object-headers"
COPY_SOURCE: Final = "copy-source"
MISSING_OBJECT: Final = "missing-object"
GOVERNANCE_BYPASS: Final = "governance-bypass"
SESSION_CONTEXT: Final = "session-context"
FINAL_SNAPSHOT: Final = "final-snapshot"
TRANSACTION_END: Final = "transaction-end"
DATABASE_CREDENTIALS: Final = "database-credentials"
LIST_ALL: Final = "list-all"
VPC_LOOKUP: Final = "vpc-lookup"
MOUNT_TARGET: Final = "mount-target"
SHARED_TELEMETRY: Final = "shared-telemetry"
GUARDRAIL: Final = "guardrail"
NAMED_MODEL: Final = "named-model"
TAGGING_API: Final = "tagging-api"
LOG_DELIVERY: Final = "log-delivery"
RESOLVER_ENDPOINT: Final = "resolver-endpoint"
SSM_IMAGE_ALIAS: Final = "ssm-image-alias"
DIRECTORY_BUCKET_SESSION: Final = "directory-bucket-session"
REPLICA_KEY: Final = "replica-key"
CLOUDHSM_KEY_STORE: Final = "cloudhsm-key-store"
RESOURCE_POLICY_ON_CREATE: Final = "resource-policy-on-create"
TABLE_REPLICA: Final = "table-replica"
TABLE_RESTORE: Final = "table-restore"
TABLE_EXPORT: Final = "table-export"
TABLE_IMPORT: Final = "table-import"
QUEUE_REDRIVE: Final = "queue-redrive"
SECRET_REPLICA: Final = "secret-replica"
SECRET_ROTATION: Final = "secret-rotation"
SECRET_BATCH: Final = "secret-batch"
SECRET_POLICY_CHECK: Final = "secret-policy-check"
FUNCTION_CODE: Final = "function-code"
FUNCTION_NETWORK: Final = "function-network"
LAUNCH_TEMPLATE: Final = "launch-template"
VENDED_LOGS: Final = "vended-logs"
GROUP_DELETION: Final = "group-deletion"
PUBLISH_VERSION: Final = "publish-version"
REVEAL_SECRETS: Final = "reveal-secrets"
API_POLICY: Final = "api-policy"
API_CERTIFICATE: Final = "api-certificate"
DOMAIN_ACCESS: Final = "domain-access"
DISTRIBUTION_COPY: Final = "distribution-copy"
CAPACITY_PROVIDER: Final = "capacity-provider"
ASSOCIATION_BATCH: Final = "association-batch"
UNMASKED_LOGS: Final = "unmasked-logs"
ACCOUNT_POLICY: Final = "account-policy"
ALIAS_MOVE: Final = "alias-move"
STACK_POLICY: Final = "stack-policy"
DRIFT_DETECTION: Final = "drift-detection"
SECURITY_CONTROLS: Final = "security-controls"
TEMPLATE_SOURCE: Final = "template-source"
ENCRYPTION_CHANGE: Final = "encryption-change"
VECTOR_CONTENT: Final = "vector-content"
GRANTS_DIRECTORY: Final = "grants-directory"
WEB_ACL_LINK: Final = "web-acl-link"
ALIAS_CONFLICT: Final = "alias-conflict"
DOMAIN_MOVE: Final = "domain-move"
MERGED_API: Final = "merged-api"
TABLE_SETTINGS: Final = "table-settings-on-create"
VPC_ORIGIN: Final = "vpc-origin"
EDGE_FUNCTION: Final = "edge-function"
ENDPOINT_DNS: Final = "endpoint-dns"
TENANT_DISTRIBUTION: Final = "tenant-distribution"
RECIPE_PARTS: Final = "recipe-parts"
FIREWALL_POLICY: Final = "firewall-policy"
ACCESS_POINT: Final = "access-point"
NAMED_OBJECT: Final = "named-object"
COPIED_TAGS: Final = "copied-tags"

INFERENCES: dict[str, Inference] = {
    PASS_ROLE: Inference(
        "the call hands a role to an AWS service, which CloudTrail never records as iam:PassRole",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
    ),
    UNREAD_REQUEST: Inference(
        "the record leaves out the call's parameters, which may have asked for it",
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html",
    ),
    TAG_ON_CREATE: Inference(
        "the call sets tags on what it creates, which needs the tagging action too",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html",
    ),
    REQUEST_OPTION: Inference(
        "the request asks for something that needs an action of its own, as the service's reference says",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
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
    MISSING_OBJECT: Inference(
        "only who may list the bucket is told that an object is missing; others are refused",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html",
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
    FINAL_SNAPSHOT: Inference(
        "the call takes a snapshot before it stops or deletes, which needs the snapshot's own action",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html",
    ),
    TRANSACTION_END: Inference(
        "ending a transaction of the Data API depends on the action that begins one",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrdsdataapi.html",
    ),
    DATABASE_CREDENTIALS: Inference(
        "the credentials are to create their database user or to join its groups",
        "https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-role-permissions.html",
    ),
    LIST_ALL: Inference(
        "the call describes everything because it names nothing, which needs the list action too",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html",
    ),
    VPC_LOOKUP: Inference(
        "the call names a VPC, which the service looks up with the caller's permissions",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html",
    ),
    SHARED_TELEMETRY: Inference(
        "the link shares data of the service with a monitoring account",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Unified-Cross-Account-Setup.html",
    ),
    MOUNT_TARGET: Inference(
        "a mount target gets its network interface with the caller's permissions",
        "https://docs.aws.amazon.com/efs/latest/ug/API_CreateMountTarget.html",
    ),
    GUARDRAIL: Inference(
        "the model is run with a guardrail, which needs the action that applies it",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-permissions-invoke.html",
    ),
    NAMED_MODEL: Inference(
        "the call runs the models that it names with the caller's permissions",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/rerank-prereq.html",
    ),
    TAGGING_API: Inference(
        "tagging through the tagging API needs the service's own tagging action too",
        "https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html",
    ),
    LOG_DELIVERY: Inference(
        "the call sets up delivery of logs to S3 or Firehose",
        "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html",
    ),
    RESOLVER_ENDPOINT: Inference(
        "a resolver endpoint gets its network interfaces with the caller's permissions",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53resolver.html",
    ),
    SSM_IMAGE_ALIAS: Inference(
        "the launch names its image by a Systems Manager parameter, which is read with the caller's permissions",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html",
    ),
    REPLICA_KEY: Inference(
        "replicating a key makes a key in the replica's Region with the caller's permissions",
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html",
    ),
    CLOUDHSM_KEY_STORE: Inference(
        "a custom key store looks up its CloudHSM cluster with the caller's permissions",
        "https://docs.aws.amazon.com/kms/latest/developerguide/authorize-key-store.html",
    ),
    RESOURCE_POLICY_ON_CREATE: Inference(
        "the call sets a resource policy on what it creates, which needs the policy's own action",
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-create-table.html",
    ),
    TABLE_REPLICA: Inference(
        "making or deleting a replica needs actions on the table in the replica's Region",
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gt_IAM.html",
    ),
    TABLE_RESTORE: Inference(
        "a restore reads and writes the new table with the caller's permissions",
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_IAM.html",
    ),
    TABLE_EXPORT: Inference(
        "an export writes to its bucket with the caller's permissions",
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html",
    ),
    TABLE_IMPORT: Inference(
        "an import reads its bucket with the caller's permissions",
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Requesting.html",
    ),
    QUEUE_REDRIVE: Inference(
        "moving messages takes them from one queue and sends them to another with the caller's permissions",
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html",
    ),
    SECRET_REPLICA: Inference(
        "creating a secret with replicas needs the replication action too",
        "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html",
    ),
    SECRET_ROTATION: Inference(
        "rotation invokes the function that the request names with the caller's permissions",
        "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html",
    ),
    SECRET_BATCH: Inference(
        "a batch read is authorized secret by secret, and its filters as a listing",
        "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html",
    ),
    SECRET_POLICY_CHECK: Inference(
        "validating a policy needs the action that would put it",
        "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ValidateResourcePolicy.html",
    ),
    FUNCTION_CODE: Inference(
        "Lambda fetches the code, image or layer that the request names with the caller's permissions",
        "https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html",
    ),
    FUNCTION_NETWORK: Inference(
        "attaching a function to a VPC looks up its subnets and security groups with the caller's permissions",
        "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html",
    ),
    LAUNCH_TEMPLATE: Inference(
        "a group with a launch template is refused to who may not run instances from it",
        "https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html",
    ),
    VENDED_LOGS: Inference(
        "delivering the logs of a resource needs the vending action of its service",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html",
    ),
    GROUP_DELETION: Inference(
        "deleting a group deletes what is in it with the caller's permissions",
        "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_DeleteScheduleGroup.html",
    ),
    PUBLISH_VERSION: Inference(
        "the call publishes a version of what it writes, which needs the publishing action too",
        "https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html",
    ),
    REVEAL_SECRETS: Inference(
        "the call asks to see secrets, which needs an action of its own",
        "https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html",
    ),
    API_POLICY: Inference(
        "the call changes the resource policy of an API, which needs an action of its own",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html",
    ),
    API_CERTIFICATE: Inference(
        "the call changes the certificates of mutual TLS, which needs an action of its own",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html",
    ),
    DOMAIN_ACCESS: Inference(
        "associating a private domain needs the access action on the domain",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains-provider.html",
    ),
    DISTRIBUTION_COPY: Inference(
        "copying a distribution reads it and creates another with the caller's permissions",
        "https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CopyDistribution.html",
    ),
    CAPACITY_PROVIDER: Inference(
        "running a function on a capacity provider needs to pass the provider",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html",
    ),
    ASSOCIATION_BATCH: Inference(
        "a batch of associations needs the single action for what it makes",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html",
    ),
    UNMASKED_LOGS: Inference(
        "the call asks to see masked data, which needs an action of its own",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/mask-sensitive-log-data.html",
    ),
    ACCOUNT_POLICY: Inference(
        "an account policy needs the action of its type on the log groups it applies to",
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutAccountPolicy.html",
    ),
    ALIAS_MOVE: Inference(
        "giving a distribution an alias updates the distribution",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html",
    ),
    STACK_POLICY: Inference(
        "the update sets a stack policy, which needs an action of its own",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_cloudformation.html",
    ),
    DRIFT_DETECTION: Inference(
        "detecting the drift of a stack detects that of its resources",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_cloudformation.html",
    ),
    SECURITY_CONTROLS: Inference(
        "what looks at or changes a security control needs the action on the controls of standards too",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecurityhub.html",
    ),
    TEMPLATE_SOURCE: Inference(
        "a conformance pack's template is read from Systems Manager with the caller's permissions",
        "https://docs.aws.amazon.com/config/latest/APIReference/API_PutConformancePack.html",
    ),
    ENCRYPTION_CHANGE: Inference(
        "changing an object's encryption writes the object",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html",
    ),
    VECTOR_CONTENT: Inference(
        "the call filters by or asks for what the vectors hold, which reads them",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_S3VectorBuckets_QueryVectors.html",
    ),
    GRANTS_DIRECTORY: Inference(
        "access grants for people of a directory need IAM Identity Center and its identity store",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html",
    ),
    WEB_ACL_LINK: Inference(
        "the service of the protected resource authorizes calls about its web ACL too",
        "https://docs.aws.amazon.com/waf/latest/developerguide/security_iam_service-with-iam.html",
    ),
    ALIAS_CONFLICT: Inference(
        "looking for conflicting aliases reads the distribution that proves the right to ask",
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html",
    ),
    DOMAIN_MOVE: Inference(
        "moving a domain updates the distribution or tenant that gets it",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_cloudfront.html",
    ),
    MERGED_API: Inference(
        "associating a merged API with a source needs an action on either API",
        "https://docs.aws.amazon.com/appsync/latest/devguide/merged-api.html",
    ),
    TABLE_SETTINGS: Inference(
        "a table that is made with settings needs the actions that set them",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_s3Buckets_CreateTable.html",
    ),
    VPC_ORIGIN: Inference(
        "a distribution with a VPC origin reads the origin",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_cloudfront.html",
    ),
    EDGE_FUNCTION: Inference(
        "who lets a distribution run functions reads them",
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html",
    ),
    ENDPOINT_DNS: Inference(
        "an interface endpoint with private DNS links its VPC with a hosted zone",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html",
    ),
    TENANT_DISTRIBUTION: Inference(
        "a distribution for tenants comes with a connection group",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_cloudfront.html",
    ),
    RECIPE_PARTS: Inference(
        "Image Builder reads what an image is built from with the caller's permissions",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_imagebuilder.html",
    ),
    ACCESS_POINT: Inference(
        "an access point to a volume of FSx is one of S3, made and deleted with the caller's permissions",
        "https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateAndAttachS3AccessPoint.html",
    ),
    NAMED_OBJECT: Inference(
        "the service reads the S3 object that the request names with the caller's permissions, unless it is public",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html",
    ),
    COPIED_TAGS: Inference(
        "what the call makes may get the tags of what it is made from, which needs the tagging action",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html",
    ),
    FIREWALL_POLICY: Inference(
        "a firewall policy's rule groups and TLS inspection are looked up with the caller's permissions",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_network-firewall.html",
    ),
}

MAY_BE_NEEDED: Final = frozenset({UNREAD_REQUEST, EDGE_FUNCTION, ENDPOINT_DNS, NAMED_OBJECT, COPIED_TAGS})
"""What a call may have needed: it stays where it is granted, and where it isn't nothing is asked."""
