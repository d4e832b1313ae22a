"""The Resource Groups Tagging API: tagging through it needs the service's own tagging action for each resource too.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import TAGGING_API
from lpgen.core.cloudtrail.rules.types import mapped, resource_from_arn
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

_SOURCE = "tagging.amazonaws.com"

_ALIKE = """
access-analyzer airflow amplify app-integrations appconfig appflow application-autoscaling appmesh apprunner appstream
appsync aps athena auditmanager backup backup-gateway batch bedrock bedrock-agentcore billingconductor braket
cassandra ce chime cleanrooms cloud9 cloudfront cloudhsm cloudwatch codeartifact codecommit codeconnections
codeguru-profiler codepipeline codestar-connections codestar-notifications cognito-identity cognito-idp comprehend
config connect connect-campaigns databrew dataexchange datasync dax deadline detective devicefarm directconnect dlm
docdb-elastic drs dsql dynamodb ecr ecr-public ecs eks elasticfilesystem emr-containers emr-serverless
entityresolution events evidently finspace fis fms forecast frauddetector fsx gamelift geo globalaccelerator glue
grafana greengrass groundstation guardduty healthlake imagebuilder inspector2 internetmonitor iot iotanalytics
iotdeviceadvisor iotevents iotfleetwise iotsitewise iottwinmaker iotwireless ivs ivschat kafka kafkaconnect kendra
kinesisanalytics kinesisvideo kms lambda launchwizard lex license-manager lightsail logs lookoutequipment
lookoutmetrics lookoutvision m2 macie2 managedblockchain mediaconnect mediaconvert mediapackage mediapackage-vod
mediapackagev2 mediastore mediatailor medical-imaging memorydb mgn mobiletargeting network-firewall networkmanager
networkmonitor oam omics organizations osis outposts panorama payment-cryptography pca-connector-ad pcs personalize
pipes profile proton qbusiness qldb quicksight ram rbin redshift-serverless refactor-spaces rekognition resiliencehub
resource-explorer-2 robomaker rolesanywhere route53-recovery-readiness route53profiles route53resolver rum scheduler
schemas secretsmanager securityhub securitylake servicecatalog servicediscovery servicequotas ses shield signer
sms-voice sns ssm-contacts ssm-incidents ssm-sap states swf synthetics textract timestream timestream-influxdb tnb
transcribe transfer translate verifiedpermissions voiceid vpc-lattice waf waf-regional wafv2 wellarchitected wisdom
workspaces-web xray
"""
"""The services whose tagging actions are TagResource and UntagResource."""

_OTHERS = """
acm AddTagsToCertificate RemoveTagsFromCertificate
acm-pca TagCertificateAuthority UntagCertificateAuthority
autoscaling CreateOrUpdateTags DeleteTags
cloudtrail AddTags RemoveTags
datapipeline AddTags RemoveTags
dms AddTagsToResource RemoveTagsFromResource
ds AddTagsToResource RemoveTagsFromResource
ec2 CreateTags DeleteTags
elasticache AddTagsToResource RemoveTagsFromResource
elasticbeanstalk AddTags RemoveTags
elasticloadbalancing AddTags RemoveTags
elasticmapreduce AddTags RemoveTags
es AddTags RemoveTags
firehose TagDeliveryStream UntagDeliveryStream
glacier AddTagsToVault RemoveTagsFromVault
kinesis AddTagsToStream RemoveTagsFromStream
machinelearning AddTags DeleteTags
medialive CreateTags DeleteTags
mq CreateTags DeleteTags
rds AddTagsToResource RemoveTagsFromResource
redshift CreateTags DeleteTags
resource-groups Tag Untag
route53 ChangeTagsForResource ChangeTagsForResource
s3 PutBucketTagging PutBucketTagging
sagemaker AddTags DeleteTags
sqs TagQueue UntagQueue
ssm AddTagsToResource RemoveTagsFromResource
storagegateway AddTagsToResource RemoveTagsFromResource
workspaces CreateTags DeleteTags
"""
_ACTIONS_BY_SERVICE = {
    **dict.fromkeys(_ALIKE.split(), ("TagResource", "UntagResource")),
    **{words[0]: (words[1], words[2]) for line in _OTHERS.split("\n") if (words := line.split())},
}

# IAM's tagging actions are named after what they tag.
_IAM_NOUNS = {
    "instance-profile": "InstanceProfile",
    "mfa": "MFADevice",
    "oidc-provider": "OpenIDConnectProvider",
    "policy": "Policy",
    "role": "Role",
    "saml-provider": "SAMLProvider",
    "server-certificate": "ServerCertificate",
    "user": "User",
}
_IAM_VERBS = ("Tag", "Untag")

# The reads that the API makes first, by call and by the part of the resource's ARN after the service.
_READ_FIRST = {
    "TagResources": (("s3", "", "s3:GetBucketTagging"),),
    "UntagResources": (("glue", "connection/", "glue:GetConnection"),),
}


def _tagging_action(arn: str, index: int) -> str:
    """The service's action that tags (0) or untags (1) the resource, or "" where the service isn't known."""
    fields = split_arn(arn)
    if "*" in arn:
        return ""
    if fields.service == "iam":
        noun = _IAM_NOUNS.get(fields.name.partition("/")[0], "")
        return f"iam:{_IAM_VERBS[index]}{noun}" if noun else ""
    actions = _ACTIONS_BY_SERVICE.get(fields.service)
    return f"{fields.service}:{actions[index]}" if actions else ""


def _read_first(operation: str, arn: str) -> Iterator[str]:
    """The actions with which the call reads a resource before it changes its tags."""
    fields = split_arn(arn)
    for service, start, action in _READ_FIRST[operation]:
        if fields.service == service and fields.name.startswith(start):
            yield action


@dataclass(frozen=True, slots=True)
class _TaggingRule:
    """TagResources or UntagResources. For a service that the table lacks, only the call's own action remains.

    `index` is the place of the service's action in the table: tagging first, untagging second.
    """

    action: str
    index: int

    def __call__(self, call: Call) -> tuple[MappedAction, ...]:
        found: dict[str, set[Resource]] = {}
        for arn in call.texts("resourceARNList"):
            action = _tagging_action(arn, self.index)
            if action:
                found.setdefault(action, set()).add(resource_from_arn(arn))
                for read in _read_first(call.operation, arn):
                    found.setdefault(read, set()).add(resource_from_arn(arn))
        return (
            mapped(self.action, (NO_RESOURCE,)),
            *(mapped(action, resources, how=TAGGING_API) for action, resources in sorted(found.items())),
        )


RULES: RuleTable = {
    (_SOURCE, "TagResources"): _TaggingRule("tag:TagResources", 0),
    (_SOURCE, "UntagResources"): _TaggingRule("tag:UntagResources", 1),
}
