"""The names of the inference rules: the `how` of an action that the record of another action shows.

The table `inferences` of the catalog describes each rule.
"""

from __future__ import annotations

from typing import Final

import msgspec

from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table


class Inference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An inference rule: a sentence for reports and its AWS page."""

    sentence: str
    source: str


def inferences_from_catalog(source: CatalogSource) -> dict[str, Inference]:
    """The table `inferences` of a catalog: every rule by name.

    Raises:
        CatalogError: it can't be read.
    """
    return read_catalog_table(source, "inferences", dict[str, Inference])


ACCESS_LOG_LINE: Final = "access-log"
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
LIST_ALL: Final = "list-all"
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
VENDED_LOGS: Final = "vended-logs"
API_POLICY: Final = "api-policy"
API_CERTIFICATE: Final = "api-certificate"
DOMAIN_ACCESS: Final = "domain-access"
DISTRIBUTION_COPY: Final = "distribution-copy"
CAPACITY_PROVIDER: Final = "capacity-provider"
ASSOCIATION_BATCH: Final = "association-batch"
UNMASKED_LOGS: Final = "unmasked-logs"
ACCOUNT_POLICY: Final = "account-policy"
ALIAS_MOVE: Final = "alias-move"
TEMPLATE_SOURCE: Final = "template-source"
ENCRYPTION_CHANGE: Final = "encryption-change"
VECTOR_CONTENT: Final = "vector-content"
GRANTS_DIRECTORY: Final = "grants-directory"
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

MAY_BE_NEEDED: Final = frozenset({UNREAD_REQUEST, EDGE_FUNCTION, ENDPOINT_DNS, NAMED_OBJECT, COPIED_TAGS})
"""The rules for actions that a call may have needed. Such actions are kept if granted, and not reported as missing if
not."""
