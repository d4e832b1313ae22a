"""Operations on what runs: EC2, Auto Scaling, ECS, Lambda, Step Functions, SageMaker, Systems Manager, DNS.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-with-cloudtrail.html
https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/logging-using-cloudtrail.html
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cloud-trail.html
https://docs.aws.amazon.com/sagemaker/latest/dg/logging-using-cloudtrail.html
"""

from __future__ import annotations

from bench.corpus.operations.table import read_operations

COMPUTE = read_operations("""
ec2:DescribeInstances | | r | | {"instancesSet": {}, "filterSet": {}}
ec2:DescribeVolumes | | r | | {"volumeSet": {}, "filterSet": {}}
ec2:DescribeSnapshots | | r | | {"snapshotSet": {}, "ownersSet": {"items": [{"owner": "self"}]}}
ec2:DescribeImages | | r | | {"imagesSet": {}, "ownersSet": {"items": [{"owner": "self"}]}}
ec2:DescribeSecurityGroups | | r | | {"securityGroupSet": {}}
ec2:DescribeVpcs | | r | | {"vpcSet": {}}
ec2:DescribeSubnets | | r | | {"subnetSet": {}}
ec2:DescribeNetworkInterfaces | | r | | {"networkInterfaceIdSet": {}}
ec2:DescribeRegions | | r | | {"regionSet": {}}
ec2:DescribeLaunchTemplateVersions | | r |
    | {"DescribeLaunchTemplateVersionsRequest": {"LaunchTemplateId": "lt-0a1b2c3d4e5f60718"}}
ec2:DescribeInstanceTypes | | r | | {"instanceTypeSet": {}}
ec2:CreateSnapshot | | w | | {"volumeId": "<1>"}
    | {"volumeId": "<1>", "snapshotId": "snap-00000000000000000", "status": "pending"}
ec2:DeleteSnapshot | | w | | {"snapshotId": "<1>"} | {"_return": true}
ec2:StartInstances | | w | | {"instancesSet": {"items": [{"instanceId": "<1>"}]}}
    | {"instancesSet": {"items": [{"instanceId": "<1>"}]}}
ec2:StopInstances | | w | | {"instancesSet": {"items": [{"instanceId": "<1>"}]}}
    | {"instancesSet": {"items": [{"instanceId": "<1>"}]}}
ec2:RebootInstances | | w | | {"instancesSet": {"items": [{"instanceId": "<1>"}]}} | {"_return": true}
ec2:TerminateInstances | | w | | {"instancesSet": {"items": [{"instanceId": "<1>"}]}}
    | {"instancesSet": {"items": [{"instanceId": "<1>"}]}}
ec2:CreateImage | | w | | {"instanceId": "<1>", "name": "image"} | {"imageId": "ami-00000000000000000"}
ec2:DeregisterImage | | w | | {"imageId": "<1>"} | {"_return": true}
ec2:AuthorizeSecurityGroupIngress | | w | | {"groupId": "<1>", "ipPermissions": {"items": []}} | {"_return": true}
ec2:ModifySnapshotAttribute | | w | | {"snapshotId": "<1>", "attributeType": "CREATE_VOLUME_PERMISSION"}
    | {"_return": true}
autoscaling:DescribeAutoScalingGroups | | r | | {}
autoscaling:SetDesiredCapacity | | w | | {"autoScalingGroupName": "<name>", "desiredCapacity": 4}
ecs:RegisterTaskDefinition | | w | | {"family": "<1>"}
    | {"taskDefinition": {"taskDefinitionArn": "<arn>", "family": "<1>", "revision": <2>}}
ecs:UpdateService | | w | | {"cluster": "<1>", "service": "<2>"}
    | {"service": {"serviceArn": "<arn>", "serviceName": "<2>"}}
ecs:CreateService | | w | | {"cluster": "<1>", "serviceName": "<2>"}
    | {"service": {"serviceArn": "<arn>", "serviceName": "<2>"}}
ecs:DescribeServices | | r | | {"cluster": "<1>", "services": ["<2>"]}
ecs:RunTask | | w | | {"cluster": "main", "taskDefinition": "<1>:<2>"} | {"tasks": []}
ecs:ListClusters | | r | | {}
lambda:InvokeFunction | Invoke | w | AWS::Lambda::Function | {"functionName": "<arn>", "invocationType": "Event"}
lambda:GetFunction | GetFunction20150331v2 | r | | {"functionName": "<1>"}
lambda:ListFunctions | ListFunctions20150331 | r | | {}
lambda:GetPolicy | GetPolicy20150331v2 | r | | {"functionName": "<1>"}
lambda:CreateFunction | CreateFunction20150331 | w | | {"functionName": "<1>", "runtime": "python3.13"}
    | {"functionName": "<1>", "functionArn": "<arn>"}
lambda:DeleteFunction | DeleteFunction20150331 | w | | {"functionName": "<1>"}
lambda:UpdateFunctionCode | UpdateFunctionCode20150331v2 | w | | {"functionName": "<1>", "publish": false}
    | {"functionName": "<1>", "functionArn": "<arn>"}
lambda:UpdateFunctionConfiguration | UpdateFunctionConfiguration20150331v2 | w | | {"functionName": "<1>"}
    | {"functionName": "<1>", "functionArn": "<arn>"}
lambda:PublishVersion | PublishVersion20150331 | w | | {"functionName": "<1>"}
    | {"functionName": "<1>", "functionArn": "<arn>"}
lambda:AddPermission | AddPermission20150331v2 | w |
    | {"functionName": "<1>", "statementId": "invoke", "action": "lambda:InvokeFunction"}
sagemaker:CreateTrainingJob | | w | | {"trainingJobName": "<1>"} | {"trainingJobArn": "<arn>"}
sagemaker:DescribeTrainingJob | | r | | {"trainingJobName": "<1>"}
sagemaker:CreateModel | | w | | {"modelName": "<1>"} | {"modelArn": "<arn>"}
sagemaker:CreateEndpointConfig | | w | | {"endpointConfigName": "<1>"} | {"endpointConfigArn": "<arn>"}
sagemaker:UpdateEndpoint | | w | | {"endpointName": "<1>", "endpointConfigName": "config"} | {"endpointArn": "<arn>"}
ssm:SendCommand | | w | | {"documentName": "AWS-RunPatchBaseline", "instanceIds": []}
ssm:ListCommandInvocations | | r | | {}
ssm:DescribeInstanceInformation | | r | | {}
ssm:UpdateInstanceInformation | | w | | {"instanceId": "<1>"}
ssmmessages:OpenDataChannel | | w | never | {}
ec2messages:GetMessages | | r | never | {}
logs:PutLogEvents | | w | never | {}
logs:CreateLogStream | | w | | {"logGroupName": "<group>", "logStreamName": "stream-1"}
logs:DescribeLogGroups | | r | | {}
cloudwatch:PutMetricData | | w | AWS::CloudWatch::Metric | {}
cloudwatch:DescribeAlarms | | r | | {}
xray:PutTraceSegments | | w | AWS::XRay::Trace | {}
route53:ListHostedZones | | r | | {}
route53:ListResourceRecordSets | | r | | {"hostedZoneId": "<1>"}
route53:ChangeResourceRecordSets | | w | | {"hostedZoneId": "<1>", "changeBatch": {"changes": []}}
route53:GetHostedZone | | r | | {"id": "<1>"}
acm:RequestCertificate | | w | | {"domainName": "app.example.com", "validationMethod": "DNS"}
acm:DescribeCertificate | | r | | {"certificateArn": "<arn>"}
acm:ListCertificates | | r | | {}
""")
