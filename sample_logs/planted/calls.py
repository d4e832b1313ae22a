"""Calls of storage, database, messaging and key services as CloudTrail writes them, with the actions they need."""

from __future__ import annotations

from datetime import datetime

from sample_logs.planted.identities import Json
from sample_logs.planted.records import DENIED, Call, Need
from sample_logs.planted.world import SHOP, hex_of, mixed_of, upper_of, uuid_of


def arn(service: str, region: str, account: str, resource: str) -> str:
    """An ARN in the `aws` partition."""
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def resource(kind: str, name: str, account: str) -> Json:
    """An entry of `resources[]`."""
    return {"accountId": account, "type": kind, "ARN": name}


def listing(source: str, name: str, action: str = "", request: Json | None = None, target: str = "*") -> Call:
    """A read call that logs no response and needs one action, by default the one of its own name."""
    return Call(source, name, request, needs=((action or f"{source}:{name}", target),))


def not_authorized(call: Call, who: str, because: str, code: str = "AccessDenied", target: str = "") -> Call:
    """The call refused: `who` is the session ARN, `because` the sentence's end that names the policy type."""
    action, needed = call.needs[0]
    where = f" on resource: {target or needed}" if (target or needed) != "*" else ""
    text = f"User: {who} is not authorized to perform: {action}{where} {because}"
    if code == "Client.UnauthorizedOperation":
        text = f"You are not authorized to perform this operation. {text}. " + _encoded(text)
    return call.failing(code, text, DENIED)


def _encoded(text: str) -> str:
    return "Encoded authorization failure message: " + "".join(mixed_of(60, "encoded", part, text) for part in range(4))


def no_identity_policy(action: str) -> str:
    """The end of a denial message where nothing allows the action."""
    return f"because no identity-based policy allows the {action} action"


# ---------------------------------------------------------------- S3


def bucket_call(name: str, action: str, bucket: str, region: str, parameter: str = "", **more: object) -> Call:
    """A bucket-level management call; `parameter` is the sub-resource in the query string."""
    request: Json = {"bucketName": bucket, "Host": f"{bucket}.s3.{region}.amazonaws.com"}
    if parameter:
        request[parameter] = ""
    request |= more
    return Call(
        "s3",
        name,
        request,
        read_only=name.startswith(("Get", "List")),
        resources=(resource("AWS::S3::Bucket", f"arn:aws:s3:::{bucket}", SHOP),),
        needs=((action, f"arn:aws:s3:::{bucket}"),),
    )


def bucket_location(bucket: str, region: str) -> Call:
    """`GetBucketLocation`."""
    return bucket_call("GetBucketLocation", "s3:GetBucketLocation", bucket, region, "location")


def list_buckets(region: str) -> Call:
    """`ListBuckets`, which needs `s3:ListAllMyBuckets`."""
    return Call("s3", "ListBuckets", {"Host": f"s3.{region}.amazonaws.com"}, needs=(("s3:ListAllMyBuckets", "*"),))


# ---------------------------------------------------------------- DynamoDB


def item_call(name: str, table: str, region: str, key: Json, *, index: str = "", read_only: bool = False) -> Call:
    """An item-level data event of DynamoDB; `index` is the secondary index that a query reads."""
    owner = arn("dynamodb", region, SHOP, f"table/{table}")
    request: Json = {"tableName": table, "key": key}
    needs: tuple[Need, ...] = ((f"dynamodb:{name}", owner),)
    if name == "Query":
        request = {
            "tableName": table,
            "keyConditionExpression": "#0 = :0",
            "expressionAttributeNames": {"#0": "customerId"},
        }
    if index:
        request["indexName"] = index
        needs = ((f"dynamodb:{name}", f"{owner}/index/{index}"),)
    return Call(
        "dynamodb",
        name,
        request,
        read_only=read_only,
        resources=(resource("AWS::DynamoDB::Table", owner, SHOP),),
        needs=needs,
        data=True,
        extra={"apiVersion": "2012-08-10"},
    )


def transaction(table: str, region: str, order: str) -> Call:
    """`TransactWriteItems`: one put and one condition check in the same table."""
    owner = arn("dynamodb", region, SHOP, f"table/{table}")
    items = [
        {"operation": "Put", "tableName": table, "key": {"orderId": order}, "items": ["orderId", "state", "total"]},
        {"operation": "ConditionCheck", "tableName": table, "key": {"orderId": f"cart-{order}"}},
    ]
    return Call(
        "dynamodb",
        "TransactWriteItems",
        {"requestItems": items, "returnConsumedCapacity": "NONE", "returnItemCollectionMetrics": "NONE"},
        read_only=False,
        resources=(resource("AWS::DynamoDB::Table", owner, SHOP),),
        needs=(("dynamodb:PutItem", owner), ("dynamodb:ConditionCheckItem", owner)),
        data=True,
        extra={"apiVersion": "2012-08-10"},
    )


def describe_table(table: str, region: str) -> Call:
    """`DescribeTable`, a management event."""
    owner = arn("dynamodb", region, SHOP, f"table/{table}")
    return Call(
        "dynamodb",
        "DescribeTable",
        {"tableName": table},
        resources=(resource("AWS::DynamoDB::Table", owner, SHOP),),
        needs=(("dynamodb:DescribeTable", owner),),
        extra={"apiVersion": "2012-08-10"},
    )


# ---------------------------------------------------------------- Secrets Manager and KMS


def secret_value(secret: str) -> Call:
    """`GetSecretValue` by the secret's full ARN."""
    return Call(
        "secretsmanager", "GetSecretValue", {"secretId": secret}, needs=(("secretsmanager:GetSecretValue", secret),)
    )


def decrypt_for_secret(secret: str, key: str) -> Call:
    """The `Decrypt` that Secrets Manager makes with its caller's session."""
    context = {"SecretARN": secret, "SecretVersionId": uuid_of("secret version", secret)}
    return Call(
        "kms",
        "Decrypt",
        {"encryptionAlgorithm": "SYMMETRIC_DEFAULT", "encryptionContext": context},
        resources=(resource("AWS::KMS::Key", key, SHOP),),
        needs=(("kms:Decrypt", key),),
    )


def key_call(name: str, key: str) -> Call:
    """A KMS read call on one key."""
    return Call(
        "kms", name, {"keyId": key}, resources=(resource("AWS::KMS::Key", key, SHOP),), needs=((f"kms:{name}", key),)
    )


# ---------------------------------------------------------------- SQS and SNS


def queue_call(name: str, queue: str, region: str, request: Json | None = None, *, read_only: bool = True) -> Call:
    """A queue's management call by its URL."""
    url = f"https://sqs.{region}.amazonaws.com/{SHOP}/{queue}"
    asked: Json = {"queueName": queue} if name in ("GetQueueUrl", "CreateQueue") else {"queueUrl": url}
    return Call(
        "sqs",
        name,
        asked | (request or {}),
        {"queueUrl": url} if name == "CreateQueue" else None,
        read_only=read_only,
        needs=((f"sqs:{name}", arn("sqs", region, SHOP, queue)),),
    )


def topic_call(name: str, topic: str, region: str, request: Json | None = None, *, read_only: bool = True) -> Call:
    """A topic's management call."""
    target = arn("sns", region, SHOP, topic)
    response = {"subscriptionArn": f"{target}:{uuid_of(target, name)}"} if name == "Subscribe" else None
    return Call(
        "sns",
        name,
        {"topicArn": target} | (request or {}),
        response,
        read_only=read_only,
        needs=((f"sns:{name}", target),),
    )


# ---------------------------------------------------------------- EC2


def describe(name: str, request: Json | None = None) -> Call:
    """An EC2 `Describe…` call."""
    return Call("ec2", name, request or {}, needs=((f"ec2:{name}", "*"),))


def tag_specification(kind: str, tags: Json) -> Json:
    """`tagSpecificationSet` of a call that tags what it creates."""
    return {"items": [{"resourceType": kind, "tags": [{"key": key, "value": value} for key, value in tags.items()]}]}


def create_snapshot(volume: str, region: str, moment: datetime) -> Call:
    """`CreateSnapshot` with tags."""
    snapshot = f"snap-0{hex_of(16, volume, moment)}"
    made = arn("ec2", region, "", f"snapshot/{snapshot}")
    request = {
        "volumeId": volume,
        "description": "nightly",
        "tagSpecificationSet": tag_specification("snapshot", {"backup": "nightly"}),
    }
    response = {
        "requestId": uuid_of("snapshot", snapshot),
        "snapshotId": snapshot,
        "volumeId": volume,
        "status": "pending",
        "startTime": int(moment.timestamp()) * 1000,
        "progress": "",
        "ownerId": SHOP,
        "volumeSize": "100",
        "description": "nightly",
        "encrypted": False,
        "tagSet": {"items": [{"key": "backup", "value": "nightly"}]},
    }
    return Call(
        "ec2",
        "CreateSnapshot",
        request,
        response,
        read_only=False,
        needs=(
            ("ec2:CreateSnapshot", arn("ec2", region, SHOP, f"volume/{volume}")),
            ("ec2:CreateSnapshot", made),
            ("ec2:CreateTags", made),
        ),
    )


def athena_query(workgroup: str, region: str, seed: str) -> Call:
    """`StartQueryExecution`."""
    return Call(
        "athena",
        "StartQueryExecution",
        {
            "queryString": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "clientRequestToken": uuid_of("token", seed),
            "workGroup": workgroup,
            "queryExecutionContext": {"database": "orders"},
        },
        {"queryExecutionId": uuid_of("query", seed)},
        read_only=False,
        needs=(("athena:StartQueryExecution", arn("athena", region, SHOP, f"workgroup/{workgroup}")),),
    )


def start_job_run(job: str, region: str, account: str, seed: str) -> Call:
    """Glue's `StartJobRun`."""
    return Call(
        "glue",
        "StartJobRun",
        {"jobName": job},
        {"jobRunId": f"jr_{hex_of(64, 'run', seed)}"},
        read_only=False,
        needs=(("glue:StartJobRun", arn("glue", region, account, f"job/{job}")),),
    )


def request_token(*parts: object) -> str:
    """A client token."""
    return upper_of(20, "token", *parts).lower()
