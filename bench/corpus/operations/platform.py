"""Operations on what carries applications: balancers, volumes, images, DNS, distributions, firewalls, parameters.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudtrail-logs.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-with-cloudtrail.html
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/logging_using_cloudtrail.html
https://docs.aws.amazon.com/waf/latest/developerguide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-cloudtrail-logs.html
"""

from __future__ import annotations

from bench.corpus.operations.table import read_operations

PLATFORM = read_operations("""
elasticloadbalancing:DescribeLoadBalancers | | r | | {}
elasticloadbalancing:DescribeTargetGroups | | r | | {}
elasticloadbalancing:DescribeTargetHealth | | r | | {"targetGroupArn": "<arn>"}
elasticloadbalancing:CreateTargetGroup | | w | | {"name": "<1>", "protocol": "HTTP", "port": 8080}
    | {"targetGroups": [{"targetGroupArn": "<arn>", "targetGroupName": "<1>"}]}
elasticloadbalancing:DeleteTargetGroup | | w | | {"targetGroupArn": "<arn>"}
elasticloadbalancing:RegisterTargets | | w | | {"targetGroupArn": "<arn>", "targets": [{"id": "10.0.12.7"}]}
elasticloadbalancing:DeregisterTargets | | w | | {"targetGroupArn": "<arn>", "targets": [{"id": "10.0.12.7"}]}
ec2:DescribeAvailabilityZones | | r | | {"availabilityZoneSet": {}}
ec2:DescribeRouteTables | | r | | {"routeTableIdSet": {}}
ec2:CreateVolume | | w | | {"size": "20", "zone": "<region>a", "volumeType": "gp3"}
    | {"volumeId": "<1>", "status": "creating"}
ec2:AttachVolume | | w | | {"volumeId": "<1>", "instanceId": "i-0", "device": "/dev/xvdaa"} | {"volumeId": "<1>"}
ec2:DetachVolume | | w | | {"volumeId": "<1>", "instanceId": "i-0"} | {"volumeId": "<1>"}
ec2:DeleteVolume | | w | | {"volumeId": "<1>"} | {"_return": true}
ecr:GetDownloadUrlForLayer | | r | | {"registryId": "<account>", "repositoryName": "<path>"}
eks:DescribeCluster | | r | | {"name": "<1>"}
route53:GetChange | | r | | {"id": "<1>"}
route53:ListHostedZonesByName | | r | | {"dNSName": "example.com"}
cloudfront:CreateInvalidation | | w | | {"distributionId": "<1>", "invalidationBatch": {"callerReference": "1"}}
cloudfront:GetInvalidation | | r | | {"distributionId": "<1>", "id": "I2J0I21PCUYOIK"}
wafv2:GetIPSet | | r | | {"name": "<2>", "scope": "REGIONAL", "id": "<3>"}
wafv2:UpdateIPSet | | w | | {"name": "<2>", "scope": "REGIONAL", "id": "<3>", "addresses": []}
    | {"nextLockToken": "a"}
ssm:GetParameters | | r | | {"names": ["/<path>"], "withDecryption": true}
ssm:PutParameter | | w | | {"name": "/<path>", "type": "String", "overwrite": true} | {"version": 2}
logs:StartQuery | | r | | {"logGroupName": "<group>", "queryString": "stats count(*)"} | {"queryId": "q"}
logs:GetQueryResults | | r | | {"queryId": "12ab3456-12ab-123a-789e-1234567890ab"}
logs:FilterLogEvents | | r | | {"logGroupName": "<group>"}
cloudwatch:ListMetrics | | r | | {}
cloudwatch:GetMetricData | | r | AWS::CloudWatch::Metric | {"metricDataQueries": []}
""")
