"""Parts of products: sign-up, assistants, schedules, databases, and what the law asks of them.

https://docs.aws.amazon.com/bedrock/latest/userguide/security_iam_id-based-policy-examples.html
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, NeedKind, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import log_group, objects_of, read_secret, write_logs
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()
_LOGS = ("AWSLambdaBasicExecutionRole",)
_MODELS = (
    "anthropic.claude-3-haiku-20240307-v1:0",
    "anthropic.claude-3-5-sonnet-20240620-v1:0",
    "anthropic.claude-3-7-sonnet-20250219-v1:0",
    "anthropic.claude-sonnet-4-20250514-v1:0",
    "amazon.nova-pro-v1:0",
)


@KINDS.kind()
def assistant_app(d: Draw) -> Profile:
    first = d.between(0, 2)
    changes = sorted(d.day_in_year(0.1, 0.95) for _ in range(d.between(1, 2)))
    models = [
        Place(f"arn:aws:bedrock:{d.region}::foundation-model/{_MODELS[first + number]}", born)
        for number, born in enumerate((-1, *changes))
    ]
    embedding = Place(f"arn:aws:bedrock:{d.region}::foundation-model/amazon.titan-embed-text-v2:0")
    sessions, bucket, overlap = d.table("chats"), d.bucket("knowledge"), d.between(0, 20)

    def day(today: Day) -> Iterator[Use]:
        alive = [model for model in models if model.born <= today.index]
        yield today.use("bedrock:InvokeModel", alive[-1])
        if len(alive) > 1 and today.index < alive[-1].born + overlap:
            yield today.use("bedrock:InvokeModel", alive[-2])
        if today.chance(0.5):
            yield today.use("bedrock:InvokeModel", embedding)
            yield today.use("s3:GetObject", bucket.at(f"articles/{today.rng.randrange(900)}.md"))
        yield today.use("dynamodb:PutItem", sessions)
        yield today.use("dynamodb:Query", sessions)

    everything = ["arn:aws:bedrock:*::foundation-model/*"]
    listed = [model.arn for model in (*models, embedding)]
    grants = [
        grant("bedrock:InvokeModel InvokeModelWithResponseStream", *(everything if d.chance(0.6) else listed)),
        grant("dynamodb:PutItem Query GetItem", sessions.arn),
        grant("s3:GetObject ListBucket", bucket.arn, f"{bucket.arn}/*"),
    ]
    return Profile(f"{d.app}-assistant", "answers with a model that is replaced by newer ones", grants, day, "ecs")


@KINDS.kind(steady=True)
def signup_trigger(d: Draw) -> Profile:
    pool = d.own("cognito-idp", f"userpool/{d.region}_{d.upper(9)}")
    table, group = d.table("accounts"), log_group(d, d.name("post-confirmation"))
    topic, share = d.topic("signups") if d.chance(0.4) else None, d.rng.uniform(0.3, 1)

    def day(today: Day) -> Iterator[Use]:
        if not today.chance(share):
            return
        yield today.use("cognito-idp:AdminAddUserToGroup", pool)
        yield today.use("dynamodb:PutItem", table)
        if today.chance(0.2):
            yield today.use("cognito-idp:AdminGetUser", pool)
        if topic:
            yield today.use("sns:Publish", topic)
        yield from write_logs(today, group)

    reach = pool.arn if d.chance(0.5) else d.arn("cognito-idp", "userpool/*")
    grants = [
        grant("cognito-idp:AdminAddUserToGroup AdminGetUser AdminUpdateUserAttributes", reach),
        grant("dynamodb:PutItem GetItem", table.arn),
        grant("sns:Publish", topic.arn if topic else d.arn("sns", f"{d.prefix}*")),
    ]
    name = d.pick(f"{d.app}-signup", f"{d.app}-PostConfirmationRole-{d.upper(12)}")
    return Profile(name, "enters new users of one pool", grants, day, "lambda", managed=_LOGS)


@KINDS.kind()
def eraser(d: Draw) -> Profile:
    tables = d.growing(d.table, d.between(2, 6), (50, 140))
    buckets = d.growing(d.bucket, d.between(1, 3), (90, 250))
    journal, share = d.table("erasures"), d.rng.uniform(0.06, 0.35)

    def day(today: Day) -> Iterator[Use]:
        if not today.is_workday or not today.chance(share):
            return
        person = f"{today.rng.getrandbits(64):016x}"
        for table in today.some(tables, 99):
            yield today.use("dynamodb:Query", table)
            yield today.use("dynamodb:DeleteItem", table)
        for bucket in today.some(buckets, 99):
            yield today.use("s3:ListBucket", bucket)
            yield today.use("s3:DeleteObject", bucket.at(f"users/{person}/profile.json"))
        yield today.use("dynamodb:PutItem", journal)

    grants = [
        grant("dynamodb:Query DeleteItem PutItem", d.arn("dynamodb", f"table/{d.prefix}*")),
        grant("s3:ListBucket DeleteObject", f"arn:aws:s3:::{d.dns_prefix}*", objects_of(d.dns_prefix)),
    ]
    about = "erases what is stored of a person, a few times a month, in a growing number of places"
    return Profile(f"{d.app}-privacy", about, grants, day, d.pick("user", "ecs"), (7, 18))


@KINDS.kind()
def schedule_invoker(d: Draw) -> Profile:
    functions = d.growing(d.function, d.between(2, 7), (d.between(15, 40), d.between(50, 130)))
    machines = d.growing(lambda born: d.own("states", f"stateMachine:{d.name()}", born), d.between(0, 2), (60, 200))
    paces = {place.arn: d.pick(1, 1, 1, 7, 28) for place in (*functions, *machines)}
    failed = d.queue("scheduler-dlq")

    def day(today: Day) -> Iterator[Use]:
        for place in (*functions, *machines):
            if place.exists(today.index) and today.every(paces[place.arn], len(place.arn)):
                is_function = ":lambda:" in place.arn
                yield today.use("lambda:InvokeFunction" if is_function else "states:StartExecution", place)
        if today.chance(0.02):
            yield today.use("sqs:SendMessage", failed)

    grants = [
        grant("lambda:InvokeFunction", d.arn("lambda", f"function:{d.prefix}*")),
        grant("states:StartExecution", d.arn("states", f"stateMachine:{d.prefix}*")),
        grant("sqs:SendMessage", failed.arn),
    ]
    name = d.pick(f"{d.app}-scheduler", f"Amazon_EventBridge_Scheduler_LAMBDA_{d.hex(10)}")
    return Profile(name, "starts what is scheduled, and more is all year", grants, day, "scheduler.amazonaws.com")


@KINDS.kind(steady=True)
def database_client(d: Draw) -> Profile:
    users = [Place(d.arn("rds-db", f"dbuser:cluster-{d.upper(26)}/{d.subject}")) for _ in range(d.between(1, 2))]
    secret, bucket, restart = d.secret("smtp"), d.bucket("attachments"), d.between(4, 15)
    looks, spare, failover = d.chance(0.5), d.secret("failover"), d.between(45, 170)

    def day(today: Day) -> Iterator[Use]:
        for user in users:
            yield today.use("rds-db:connect", user)
        if today.every(restart):
            yield from read_secret(today, secret)
            if looks:
                yield today.use("rds:DescribeDBClusters", d.arn("rds", "cluster:*"))
        if today.every(failover):
            yield today.use("secretsmanager:GetSecretValue", spare, NeedKind.RARE)
        yield today.use("s3:PutObject", bucket.at(f"{today.date:%Y/%m}/{today.rng.getrandbits(64):016x}.pdf"))
        if today.chance(0.6):
            yield today.use("s3:GetObject", bucket.at(f"{today.date:%Y/%m}/{today.rng.getrandbits(64):016x}.pdf"))

    reach = [user.arn for user in users] if d.chance(0.6) else [d.arn("rds-db", f"dbuser:*/{d.subject}")]
    both = [secret.arn, spare.arn] if d.chance(0.5) else [d.arn("secretsmanager", f"secret:{d.prefix}*")]
    grants = [
        grant("rds-db:connect", *reach),
        grant("secretsmanager:GetSecretValue", *both),
        grant("s3:PutObject GetObject", f"{bucket.arn}/*"),
        grant("rds:DescribeDBClusters DescribeDBInstances"),
    ]
    about = "signs in to databases as IAM allows it, which no trail records"
    return Profile(f"{d.app}-backend", about, grants, day, d.pick("ec2", "ecs"))


@KINDS.kind(steady=True)
def webhook_receiver(d: Draw) -> Profile:
    queue, failed, seen = d.queue("webhooks"), d.queue("webhooks-failed"), d.table("deliveries")
    secrets = d.fixed(d.secret, d.between(1, 4))
    key, starts, failing = d.key() if d.chance(0.5) else None, d.rng.uniform(0.1, 0.6), d.rng.uniform(0, 0.05)

    def day(today: Day) -> Iterator[Use]:
        yield today.use("dynamodb:PutItem", seen)
        yield today.use("sqs:SendMessage", queue)
        for secret in secrets:
            if today.chance(starts):
                yield from read_secret(today, secret, key)
        if today.chance(failing):
            yield today.use("sqs:SendMessage", failed)

    listed = [secret.arn for secret in secrets]
    grants = [
        grant("dynamodb:PutItem GetItem", seen.arn),
        grant("sqs:SendMessage", *([queue.arn, failed.arn] if d.chance(0.5) else [d.arn("sqs", f"{d.prefix}*")])),
        grant("secretsmanager:GetSecretValue", *(listed if d.chance(0.4) else [d.arn("secretsmanager", "secret:*")])),
        grant("kms:Decrypt", key.arn if key else d.arn("kms", "key/*")),
    ]
    about = "takes calls of other companies, each with a secret of its own"
    return Profile(f"{d.app}-webhooks", about, grants, day, "lambda", managed=_LOGS)


@KINDS.kind()
def retiring_service(d: Draw) -> Profile:
    first = max(0, d.account.opened)
    end = first + int((d.days - first) * d.rng.uniform(0.3, 0.95))
    wane = d.between(10, 60)
    table, queues, topic = d.table(), d.fixed(d.queue, d.between(1, 4)), d.shared_topic()

    def day(today: Day) -> Iterator[Use]:
        if today.index > end or not today.chance(min(1, (end - today.index + 1) / wane)):
            return
        yield today.use("dynamodb:Query", table)
        yield today.use("dynamodb:UpdateItem", table)
        for queue in today.some(queues, 2):
            yield today.use("sqs:ReceiveMessage", queue)
            yield today.use("sqs:DeleteMessage", queue)
        if today.chance(0.3):
            yield today.use("sns:Publish", topic)

    grants = [
        grant("dynamodb:Query UpdateItem GetItem Scan", d.arn("dynamodb", f"table/{d.prefix}*")),
        grant("sqs:ReceiveMessage DeleteMessage GetQueueAttributes", d.arn("sqs", f"{d.prefix}*")),
        grant("sns:Publish", topic.arn),
    ]
    return Profile(f"{d.app}-v1", "an old service that is switched off during the year", grants, day, "ec2")
