"""Errors that say that a resource named in the call doesn't exist.

The call was allowed, so its action counts. But a caller can make up a name, so a missing resource says nothing about
what the caller works with. The tables leave out codes for a missing part of an existing resource: a bucket's policy, a
table's index, a repository's image, a queue's KMS key.
"""

from __future__ import annotations

from typing import Final

from lpgen.core.cloudtrail.outcome import normalise_error_code

# Codes are in the spelling of `normalise_error_code`, without a final `Fault`.
DOCUMENTED: Final[dict[str, str]] = {
    "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html": (
        "nosuchaccesspoint nosuchasyncrequest nosuchbucket nosuchkey nosuchmultiregionaccesspoint nosuchupload"
        " nosuchversion"
    ),
    "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html": (
        "invalidaddress.notfound invalidaddressid.notfound invalidallocationid.notfound invalidamiid.notfound"
        " invalidassociationid.notfound invalidbundleid.notfound invalidcapacityreservationid.notfound"
        " invalidcarriergatewayid.notfound invalidclientvpnendpointid.notfound invalidcustomergatewayid.notfound"
        " invaliddhcpoptionid.notfound invaliddhcpoptionsid.notfound invalidegressonlyinternetgatewayid.notfound"
        " invalidexporttaskid.notfound invalidflowlogid.notfound invalidfpgaimageid.notfound invalidgatewayid.notfound"
        " invalidgroup.notfound invalidhostid.notfound invalidinstanceconnectendpointid.notfound"
        " invalidinstanceid.notfound invalidinternetgatewayid.notfound invalidkeypair.notfound"
        " invalidlaunchtemplateid.notfound invalidlaunchtemplatename.notfound invalidnatgatewayid.notfound"
        " invalidnetworkaclid.notfound invalidnetworkinterface.notfound invalidnetworkinterfaceid.notfound"
        " invalidplacementgroup.unknown invalidprefixlistid.notfound invalidroutetableid.notfound"
        " invalidsecuritygroupid.notfound invalidsecuritygroupruleid.notfound invalidsnapshot.notfound"
        " invalidspotfleetrequestid.notfound invalidspotinstancerequestid.notfound invalidsubnetid.notfound"
        " invalidtrafficmirrorfilternotfound invalidtrafficmirrorsessionnotfound invalidvolume.notfound"
        " invalidvpcendpoint.notfound invalidvpcendpointid.notfound invalidvpcendpointservice.notfound"
        " invalidvpcendpointserviceid.notfound invalidvpcid.notfound invalidvpcpeeringconnectionid.notfound"
        " invalidvpnconnectionid.notfound invalidvpngatewayid.notfound natgatewaynotfound"
    ),
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-json-api-responses.html": (
        "aws.simplequeueservice.nonexistentqueue"
    ),
}
"""Codes by the page that lists them, for services whose models list no such codes or only a few."""

MODELLED: Final[dict[str, str]] = {
    "application-autoscaling": "objectnotfound",
    "cloudformation": "generatedtemplatenotfound stacknotfound stackrefactornotfound stacksetnotfound typenotfound",
    "cloudfront": (
        "entitynotfound nosuchcachepolicy nosuchcloudfrontoriginaccessidentity nosuchcontinuousdeploymentpolicy"
        " nosuchdistribution nosuchfieldlevelencryptionconfig nosuchfieldlevelencryptionprofile nosuchfunctionexists"
        " nosuchoriginaccesscontrol nosuchoriginrequestpolicy nosuchpublickey nosuchrealtimelogconfig nosuchresource"
        " nosuchresponseheaderspolicy nosuchstreamingdistribution"
    ),
    "cloudtrail": "channelnotfound eventdatastorenotfound importnotfound trailnotfound",
    "cloudwatch": "dashboardnotfounderror resourcenotfound",
    "codecommit": "repositorydoesnotexist",
    "codedeploy": (
        "applicationdoesnotexist deploymentconfigdoesnotexist deploymentdoesnotexist deploymentgroupdoesnotexist"
    ),
    "codepipeline": "actiontypenotfound pipelinenotfound webhooknotfound",
    "config": (
        "nosuchconfigrule nosuchconfigurationaggregator nosuchconfigurationrecorder nosuchconformancepack"
        " nosuchdeliverychannel nosuchorganizationconfigrule nosuchorganizationconformancepack"
    ),
    "dynamodb": "backupnotfound exportnotfound globaltablenotfound importnotfound resourcenotfound tablenotfound",
    "ecr": "repositorynotfound",
    "ecs": "clusternotfound servicenotfound tasksetnotfound",
    "efs": "accesspointnotfound filesystemnotfound mounttargetnotfound",
    "elasticache": (
        "cacheclusternotfound cacheparametergroupnotfound cachesecuritygroupnotfound cachesubnetgroupnotfound"
        " globalreplicationgroupnotfound replicationgroupnotfound serverlesscachenotfound"
        " serverlesscachesnapshotnotfound snapshotnotfound usergroupnotfound"
    ),
    "elb": "accesspointnotfound loadbalancernotfound",
    "elbv2": "listenernotfound loadbalancernotfound rulenotfound targetgroupnotfound truststorenotfound",
    "fsx": "filecachenotfound filesystemnotfound snapshotnotfound storagevirtualmachinenotfound volumenotfound",
    "glue": "entitynotfound",
    "iam": "nosuchentity",
    "kms": "notfound",
    "memorydb": "aclnotfound clusternotfound parametergroupnotfound snapshotnotfound subnetgroupnotfound",
    "organizations": (
        "accountnotfound childnotfound handshakenotfound organizationalunitnotfound parentnotfound rootnotfound"
        " targetnotfound"
    ),
    "rds": (
        "bluegreendeploymentnotfound customdbengineversionnotfound dbclusterautomatedbackupnotfound"
        " dbclusterendpointnotfound dbclusternotfound dbclusterparametergroupnotfound dbclustersnapshotnotfound"
        " dbinstanceautomatedbackupnotfound dbinstancenotfound dbparametergroupnotfound dbproxyendpointnotfound"
        " dbproxynotfound dbsecuritygroupnotfound dbshardgroupnotfound dbsnapshotnotfound dbsubnetgroupnotfound"
        " globalclusternotfound integrationnotfound optiongroupnotfound subscriptionnotfound"
    ),
    "redshift": (
        "clusternotfound clusterparametergroupnotfound clustersecuritygroupnotfound clustersnapshotnotfound"
        " clustersubnetgroupnotfound hsmconfigurationnotfound scheduledactionnotfound"
        " snapshotschedulenotfound usagelimitnotfound"
    ),
    "route53": (
        "hostedzonenotfound nosuchchange nosuchcidrcollection nosuchdelegationset nosuchhealthcheck nosuchhostedzone"
        " nosuchqueryloggingconfig nosuchtrafficpolicy nosuchtrafficpolicyinstance"
    ),
    "ses": "configurationsetdoesnotexist rulesetdoesnotexist templatedoesnotexist",
    "sns": "notfound resourcenotfound",
    "sqs": "queuedoesnotexist",
    "ssm": (
        "associationdoesnotexist automationdefinitionnotfound automationexecutionnotfound doesnotexist invaliddocument"
        " opsitemnotfound opsmetadatanotfound parameternotfound resourcedatasyncnotfound"
    ),
    "stepfunctions": "activitydoesnotexist executiondoesnotexist statemachinedoesnotexist",
    "wafv2": "wafnonexistentitem",
}
"""Codes by the service whose model in botocore (version 1.44.8) lists them; other services may share them."""

_NOT_FOUND: Final = frozenset(
    code for table in (DOCUMENTED, MODELLED) for codes in table.values() for code in codes.split()
)


def says_not_found(error_code: str) -> bool:
    """Whether an error code, as a service spells it, says that a resource named in the call doesn't exist."""
    return normalise_error_code(error_code).removesuffix("fault") in _NOT_FOUND
