"""ElastiCache: caches and their groups by name, and elasticache:AddTagsToResource where a creation sets tags.

The service's calls in the caller's VPC leave records of their own and aren't inferred here.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticache.html
"""

from __future__ import annotations

from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable

_SOURCE = "elasticache.amazonaws.com"


# Names are stored in lower case: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CopySnapshot.html
READERS: ReaderTable = {
    _SOURCE: {
        "serverlesscachesnapshot": NamedType(
            "elasticache", "serverlesscachesnapshot:{}", "serverlessCacheSnapshotName", in_lower_case=True
        ),
        "snapshot": NamedType("elasticache", "snapshot:{}", "snapshotName", in_lower_case=True),
    }
}
