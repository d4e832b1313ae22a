"""The Resource Groups Tagging API: tagging through it needs the service's own tagging action for each resource too.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.events.rules.call import Call, RuleTable
from lpgen.core.events.rules.declared import mapped, resource_from_arn
from lpgen.core.events.rules.inferences import TAGGING_API
from lpgen.core.model import NO_RESOURCE, UNKNOWN_RESOURCE, MappedAction, Resource

SOURCE = "tagging.amazonaws.com"

_ACTIONS = """
acm AddTagsToCertificate RemoveTagsFromCertificate
autoscaling CreateOrUpdateTags DeleteTags
backup TagResource UntagResource
batch TagResource UntagResource
bedrock TagResource UntagResource
cloudfront TagResource UntagResource
cloudtrail AddTags RemoveTags
cloudwatch TagResource UntagResource
codecommit TagResource UntagResource
codepipeline TagResource UntagResource
dynamodb TagResource UntagResource
ec2 CreateTags DeleteTags
ecr TagResource UntagResource
ecs TagResource UntagResource
eks TagResource UntagResource
elasticache AddTagsToResource RemoveTagsFromResource
elasticfilesystem TagResource UntagResource
elasticloadbalancing AddTags RemoveTags
elasticmapreduce AddTags RemoveTags
es AddTags RemoveTags
events TagResource UntagResource
firehose TagDeliveryStream UntagDeliveryStream
fsx TagResource UntagResource
glue TagResource UntagResource
guardduty TagResource UntagResource
kinesis AddTagsToStream RemoveTagsFromStream
kms TagResource UntagResource
lambda TagResource UntagResource
logs TagResource UntagResource
organizations TagResource UntagResource
rds AddTagsToResource RemoveTagsFromResource
redshift CreateTags DeleteTags
route53resolver TagResource UntagResource
s3 PutBucketTagging PutBucketTagging
sagemaker AddTags DeleteTags
secretsmanager TagResource UntagResource
sns TagResource UntagResource
sqs TagQueue UntagQueue
ssm AddTagsToResource RemoveTagsFromResource
states TagResource UntagResource
wafv2 TagResource UntagResource
"""
_ACTIONS_BY_SERVICE = {words[0]: (words[1], words[2]) for line in _ACTIONS.split("\n") if (words := line.split())}


def _tagged_resource(service: str, arn: str) -> Resource:
    """The resource by its ARN; of Elastic Load Balancing the catalog lists load balancers alone as taking tags."""
    is_listed = service != "elasticloadbalancing" or ":loadbalancer/" in arn
    return resource_from_arn(arn) if is_listed else UNKNOWN_RESOURCE


@dataclass(frozen=True, slots=True)
class _TaggingRule:
    """TagResources or UntagResources. A service that the table lacks leaves the call's own action alone.

    `index` is the place of the service's action in the table: tagging first, untagging second.
    """

    action: str
    index: int

    def __call__(self, call: Call) -> tuple[MappedAction, ...]:
        found: dict[str, set[Resource]] = {}
        for arn in call.texts("resourceARNList"):
            service = arn.split(":", 3)[2] if arn.count(":") > 2 else ""
            actions = _ACTIONS_BY_SERVICE.get(service)
            if actions and "*" not in arn:
                found.setdefault(f"{service}:{actions[self.index]}", set()).add(_tagged_resource(service, arn))
        return (
            mapped(self.action, (NO_RESOURCE,)),
            *(mapped(action, resources, how=TAGGING_API) for action, resources in sorted(found.items())),
        )


RULES: RuleTable = {
    (SOURCE, "TagResources"): _TaggingRule("tag:TagResources", 0),
    (SOURCE, "UntagResources"): _TaggingRule("tag:UntagResources", 1),
}
