"""Jobs of one role that the names of sessions, functions or callers tell apart.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, Use
from bench.corpus.crew import Choose, Crew, Job, Member, always, idle, in_session
from bench.corpus.draw import Draw
from bench.corpus.kinds.held_back.crews.callers import MAC, SERVER, STAFF, set_opener, some_people, trusting
from bench.corpus.kinds.held_back.crews.schedules import on_days, workdays
from bench.corpus.kinds.recipes import bucket_grant, daily, often, some_object, step, together
from bench.corpus.profile import Kinds, Profile, Schedule, grant
from bench.corpus.session import Session

KINDS = Kinds()


@KINDS.crew()
def job_in_the_middle_of_the_name(d: Draw) -> Crew:
    """An orchestrator names sessions after the run, the task and the attempt, in this order."""
    orders, refunds, scores = d.table("orders"), d.table("refunds"), d.table("scores")
    lake, models, topic = d.bucket("lake"), d.bucket("models"), d.topic("done")
    orchestrator = f"arn:aws:iam::{d.between(10**11, 10**12 - 1)}:role/orchestrator"
    style = d.pick("{run}.{task}.try{attempt}", "run-{run}-{task}-{attempt}", "{date}-{run}_{task}_attempt{attempt}")

    def run(task: str) -> Choose:
        def session(today: Day) -> Session:
            attempt = 1 if today.chance(0.85) else today.rng.randint(2, 3)
            number = f"{today.rng.getrandbits(32):08x}"
            name = style.format(run=number, task=task, attempt=attempt, date=f"{today.date:%Y%m%d}")
            return Session(name, by=orchestrator, agent=SERVER)

        return session

    done = step(often(0.9), "sns:Publish", topic)
    tasks: dict[str, Schedule] = {
        "load_orders": together(
            step(daily, "dynamodb:Scan", orders), step(daily, "s3:PutObject", some_object(lake, "orders")), done
        ),
        "load_refunds": on_days(
            workdays(0.95),
            step(daily, "dynamodb:Query", refunds),
            step(daily, "s3:PutObject", some_object(lake, "refunds")),
            step(often(0.4), "dynamodb:DescribeTable", refunds),
            done,
        ),
        "score_risk": together(
            step(daily, "s3:GetObject", some_object(models, "latest")),
            step(daily, "dynamodb:UpdateItem", scores),
            step(often(0.9), "cloudwatch:PutMetricData"),
            done,
        ),
    }
    grants = [grant("dynamodb:*", orders.arn, refunds.arn, scores.arn), grant("sns:*", topic.arn)]
    grants += [bucket_grant(lake), bucket_grant(models), grant("cloudwatch:PutMetricData")]
    profile = Profile(f"{d.app}-tasks", "the tasks of an orchestrator", grants, idle, trusted=orchestrator)
    return Crew([Member("tasks", profile, jobs=[Job(name, work, run(name)) for name, work in tasks.items()])])


@KINDS.crew()
def shards_and_people(d: Draw) -> Crew:
    """Several functions do one job, a shard each. Engineers assume the same role to look after instances."""
    stream, table, bucket = d.own("kinesis", f"stream/{d.name('clicks')}"), d.table("clicks"), d.bucket("clicks")
    people, instances = some_people(d, 3, STAFF), [d.own("ec2", f"instance/i-0{d.hex(16)}") for _ in range(3)]
    team = set_opener(d, "Support", people)
    word = d.pick("clicks", "beacon")
    shards = [d.function(f"{word}-shard-{number}").arn for number in range(d.between(3, 5))]

    def shard(today: Day) -> Iterator[Use]:
        for function in shards:
            if today.chance(0.8):
                session = Session(function.rpartition(":")[2], issued_to=function)
                yield from in_session(always(session), consuming)(today)

    def person(today: Day) -> Session:
        number = today.rng.randrange(len(people))
        address = f"203.0.113.{23 * number + 7}"
        return Session(".".join(people[number]), by=team.session(number), agent=MAC, address=address)

    consuming = together(
        step(daily, "kinesis:GetShardIterator GetRecords", stream),
        step(often(0.9), "dynamodb:UpdateItem", table),
        step(often(0.6), "s3:PutObject", some_object(bucket, "rest")),
        step(often(0.2), "kinesis:DescribeStreamSummary", stream),
    )
    helping = on_days(
        workdays(0.6),
        step(daily, "ec2:DescribeInstances DescribeInstanceStatus"),
        step(often(0.5), "ssm:StartSession", lambda today: today.rng.choice(instances)),
        step(often(0.4), "cloudwatch:DescribeAlarms"),
    )
    grants = [grant("kinesis:*", stream.arn), grant("dynamodb:*", table.arn), bucket_grant(bucket)]
    grants += [grant("ec2:Describe*"), grant("ssm:StartSession"), grant("cloudwatch:*")]
    service = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    jobs = [Job("clicks", shard, always(Session())), Job("support", helping, person, (7, 17))]
    profile = Profile(f"{d.app}-stuff", "functions and people", grants, idle, "lambda")
    looking = step(workdays(0.5), "health:DescribeEvents")
    return Crew(
        [
            Member("stuff", profile, jobs=jobs, trust=[service, *trusting(team.arn)]),
            team.member("team", looking, grant("health:Describe*")),
        ]
    )
