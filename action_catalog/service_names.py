"""Maps botocore's services, CloudTrail's event sources and IAM prefixes, if they have different names."""

from __future__ import annotations

from typing import Final

_MAP = "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"

PREFIX_BY_NAME: Final[dict[str, str]] = {
    # Endpoint prefix or signing name of a service model: IAM prefix. From the service authorization reference's pages
    # of these services; without an entry the signing name is the prefix.
    "IoTSecuredTunneling": "iot",
    "awsssoportal": "sso",
    "cloudcontrolapi": "cloudformation",
    "data-ats.iot": "iot",
    "iot-jobs-data": "iotjobsdata",
    "iotdata": "iot",
    "ioteventsdata": "iotevents",
    "monitoring": "cloudwatch",
    "mturk-requester": "mechanicalturk",
    "partnercentral-account": "partnercentral",
    "partnercentral-benefits": "partnercentral",
    "partnercentral-channel": "partnercentral",
    "partnercentral-marketing": "partnercentral",
    "partnercentral-selling": "partnercentral",
    "tagging": "tag",
}

PREFIX_BY_SERVICE: Final[dict[str, str]] = {
    # botocore service: IAM prefix, if the signing name belongs to another service.
    "connectparticipant": "connect",
    "sso": "sso",
}

MORE_SOURCES: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    # Event sources that no service model names: IAM prefixes and the page that shows the source.
    "amazonmq.amazonaws.com": (
        ("mq",),
        "https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/logging-using-cloudtrail.html",
    ),
    "apigateway.amazonaws.com": (
        ("apigateway",),
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/cloudtrail.html",
    ),
    "applicationautoscaling.amazonaws.com": (("application-autoscaling",), _MAP),
    "awsssoportal.amazonaws.com": (
        ("sso",),
        "https://docs.aws.amazon.com/singlesignon/latest/userguide/logging-using-cloudtrail.html",
    ),
    "cost-optimization-hub.amazonaws.com": (("cost-optimization-hub",), _MAP),
    "ec2-instance-connect.amazonaws.com": (
        ("ec2-instance-connect",),
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-with-cloudtrail.html",
    ),
    "edgekeyvaluestore.amazonaws.com": (
        ("cloudfront-keyvaluestore",),
        "https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-edgekeyvaluestore.html",
    ),
    "entitlement-marketplace.amazonaws.com": (("aws-marketplace",), _MAP),
    "billingconsole.amazonaws.com": (
        ("account", "freetier"),
        "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/logging-using-cloudtrail.html",
    ),
    "taxconsole.amazonaws.com": (
        ("tax",),
        "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/logging-using-cloudtrail.html",
    ),
    "metering-marketplace.amazonaws.com": (
        ("aws-marketplace",),
        "https://docs.aws.amazon.com/marketplace/latest/userguide/cloudtrail-logging.html",
    ),
    "marketplacecommerceanalytics.amazonaws.com": (("marketplacecommerceanalytics",), _MAP),
    "opensearch.amazonaws.com": (("es",), _MAP),
    "pinpoint.amazonaws.com": (
        ("mobiletargeting",),
        "https://docs.aws.amazon.com/pinpoint/latest/developerguide/logging-using-cloudtrail.html",
    ),
    "data.iot.amazonaws.com": (
        ("iot",),
        "https://docs.aws.amazon.com/iot/latest/developerguide/iot-using-cloudtrail.html",
    ),
    "lexv2.amazonaws.com": (("lex",), "https://docs.aws.amazon.com/lexv2/latest/dg/using-cloudtrail.html"),
    "migrationhub.amazonaws.com": (
        ("mgh",),
        "https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-migrationhub.html",
    ),
    "rdsdataapi.amazonaws.com": (
        ("rds-data",),
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/logging-using-cloudtrail-data-api.html",
    ),
    "transcribestreaming.amazonaws.com": (
        ("transcribe",),
        "https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-transcribestreaming.html",
    ),
    "rdsdata.amazonaws.com": (
        ("rds-data",),
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/logging-using-cloudtrail-data-api.html",
    ),
    "s3express.amazonaws.com": (
        ("s3express",),
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-one-zone-logging.html",
    ),
    "storagelens.amazonaws.com": (("s3",), _MAP),
}

SWITCHES: Final[dict[str, tuple[str, str, str]]] = {
    # Two services log under one event source. A request parameter distinguishes them. The other table has the
    # operations.
    "autoscaling.amazonaws.com": (
        "serviceNamespace",
        "application-autoscaling.amazonaws.com",
        "https://docs.aws.amazon.com/autoscaling/application/userguide/logging-using-cloudtrail.html",
    ),
}
