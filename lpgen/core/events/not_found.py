"""Errors which say that the resource of a call doesn't exist.

The call was allowed, so its action counts. But a caller can name any resource, so the name doesn't show what the caller
works with. The table leaves out codes about a missing part of an existing resource, such as a bucket's policy.
"""

from __future__ import annotations

from typing import Final

from lpgen.core.events.outcome import normalise_error_code

# In the spelling of `normalise_error_code`, by where they are documented.
_CODES: Final[dict[str, str]] = {
    # The errors of a single service are in the "Errors" section of each operation of its API reference.
    "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html": (
        "nosuchaccesspoint nosuchasyncrequest nosuchbucket nosuchkey nosuchmultiregionaccesspoint nosuchupload"
        " nosuchversion"
    ),
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html": "nosuchentity",
    "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html": (
        "invalidaddress.notfound invalidallocationid.notfound invalidamiid.notfound invalidassociationid.notfound"
        " invalidattachment.notfound invalidbundleid.notfound invalidcapacityreservationid.notfound"
        " invalidclientvpnendpointid.notfound invalidcustomergatewayid.notfound invaliddhcpoptionid.notfound"
        " invaliddhcpoptionsid.notfound invalidegressonlyinternetgatewayid.notfound invalidexporttaskid.notfound"
        " invalidflowlogid.notfound invalidfpgaimageid.notfound invalidgroup.notfound invalidgroupid.notfound"
        " invalidhostid.notfound invalidinstanceid.notfound invalidinternetgatewayid.notfound"
        " invalidkeypair.notfound invalidlaunchtemplateid.notfound"
        " invalidlaunchtemplatename.notfound invalidnatgatewayid.notfound natgatewaynotfound"
        " invalidnetworkaclid.notfound invalidnetworkinterfaceid.notfound invalidplacementgroup.unknown"
        " invalidprefixlistid.notfound invalidroutetableid.notfound invalidsecuritygroupid.notfound"
        " invalidsecuritygrouprule.notfound invalidsecuritygroupruleid.notfound invalidsnapshot.notfound"
        " invalidsnapshotid.notfound invalidspotfleetrequestid.notfound invalidspotinstancerequestid.notfound"
        " invalidsubnetid.notfound invalidtransitgatewayid.notfound invalidtransitgatewayattachmentid.notfound"
        " invalidvolume.notfound invalidvolumeid.notfound invalidvpcendpointid.notfound"
        " invalidvpcendpointserviceid.notfound invalidvpcid.notfound invalidvpcpeeringconnectionid.notfound"
        " invalidvpnconnectionid.notfound invalidvpngatewayid.notfound"
    ),
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html": (
        "resourcenotfound tablenotfound globaltablenotfound replicanotfound backupnotfound indexnotfound exportnotfound"
    ),
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html": (
        "queuedoesnotexist aws.simplequeueservice.nonexistentqueue nonexistentqueue"
    ),
    "https://docs.aws.amazon.com/sns/latest/api/API_Publish.html": "notfound",
    "https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html": "notfound kmsnotfound",
    "https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html": (
        "parameternotfound parameterversionnotfound invaliddocument doesnotexist opsitemnotfound"
    ),
    "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html": (
        "repositorynotfound imagenotfound"
    ),
    "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html": (
        "clusternotfound servicenotfound tasksetnotfound"
    ),
    "https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html": (
        "statemachinedoesnotexist executiondoesnotexist activitydoesnotexist"
    ),
    "https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html": "entitynotfound",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancers.html": (
        "accesspointnotfound listenernotfound loadbalancernotfound rulenotfound targetgroupnotfound"
    ),
    "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/CommonErrors.html": (
        "dbclusternotfoundfault dbclusterparametergroupnotfound dbclustersnapshotnotfoundfault dbinstancenotfound"
        " dbparametergroupnotfound dbproxynotfoundfault dbsecuritygroupnotfound dbsnapshotnotfound"
        " dbsubnetgroupnotfoundfault optiongroupnotfoundfault"
    ),
    "https://docs.aws.amazon.com/redshift/latest/APIReference/CommonErrors.html": (
        "clusternotfound clusternotfoundfault clusterparametergroupnotfound clustersnapshotnotfound"
        " clustersubnetgroupnotfoundfault"
    ),
    "https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/CommonErrors.html": (
        "cacheclusternotfound cacheparametergroupnotfound cachesubnetgroupnotfoundfault replicationgroupnotfoundfault"
        " snapshotnotfoundfault"
    ),
    "https://docs.aws.amazon.com/efs/latest/ug/api-reference.html": (
        "filesystemnotfound accesspointnotfound mounttargetnotfound"
    ),
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html": (
        "changesetnotfound stacknotfound stacksetnotfound stackinstancenotfound"
    ),
    "https://docs.aws.amazon.com/cloudfront/latest/APIReference/CommonErrors.html": (
        "nosuchdistribution nosuchcachepolicy nosuchfunctionexists nosuchinvalidation nosuchorigin nosuchpublickey"
        " nosuchoriginaccesscontrol nosuchoriginrequestpolicy nosuchresponseheaderspolicy nosuchstreamingdistribution"
    ),
    "https://docs.aws.amazon.com/Route53/latest/APIReference/CommonErrors.html": (
        "nosuchhostedzone nosuchhealthcheck nosuchchange nosuchdelegationset nosuchtrafficpolicy hostedzonenotfound"
    ),
    "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrail.html": (
        "trailnotfound eventdatastorenotfound"
    ),
    "https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipeline.html": (
        "pipelinenotfound pipelineexecutionnotfound"
    ),
    "https://docs.aws.amazon.com/codecommit/latest/APIReference/API_GetRepository.html": (
        "repositorydoesnotexist branchdoesnotexist"
    ),
    "https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_GetApplication.html": (
        "applicationdoesnotexist deploymentdoesnotexist deploymentgroupdoesnotexist"
    ),
    "https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeConfigRules.html": (
        "nosuchconfigrule nosuchconfigurationrecorder nosuchdeliverychannel"
    ),
    "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetUser.html": "usernotfound",
    "https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeAccount.html": (
        "accountnotfound organizationalunitnotfound targetnotfound"
    ),
}

_NOT_FOUND: Final = frozenset(code for codes in _CODES.values() for code in codes.split())


def says_not_found(error_code: str) -> bool:
    """Whether an error code, as a service spells it, says that the resource of the call doesn't exist."""
    return bool(error_code) and normalise_error_code(error_code) in _NOT_FOUND
