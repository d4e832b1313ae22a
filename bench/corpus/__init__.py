"""A corpus of AWS organizations over months, with the truth of what each principal needs, whether logged or not.

It judges what lpgen concludes from the past: it is written from AWS documentation and public infrastructure code, and
not from lpgen's rules. `python -m bench.corpus --seed N --out DIR` writes

- `logs/`: CloudTrail log files in the layout of a trail's bucket, for `lpgen ingest`;
- `policies/`: authorization details per account, for `--policies`; `trails.json`: for `--trails`;
- `last-accessed/`: service last accessed of each principal at the end, for `--last-accessed`;
- `truth.parquet`: a row per need (`bench.corpus.truth` describes the columns);
- `principals.json`: ARN, kind, steady or not, half, account, creation day, and a sentence about it;
- `intrusions.json`: whose permissions were abused when, and which of the intruder's actions succeeded, were denied, and
  are dangerous: none of these may stay in a replacement only because the intruder used it;
- `accounts.json`: when accounts were opened, which data events they record, when their trails were stopped.

**Judged kinds.** `--judged N` adds N principals of each kind in the modules `situations`, in four accounts of their
own, and leaves what the other accounts hold as it is. Each declares whether calling its replacement safe would be right
(`safe_is_right` in `principals.json`, null for all other kinds). Two more files come with them: `scps.json`, for
`--scps`, and `later.parquet`, like the truth: what they need for the first time in the year after the logs. They have
exactly the policies that they declare, and no service last accessed. `python -m bench.corpus.unsafe` counts where a
review calls them safe.

**Intruded kinds.** `--intruders N` adds N principals of each kind in the modules `victims`, `bystanders` and `chores`,
in four accounts of their own, two of each half, and leaves what the other accounts hold as it is. An intruder uses the
credentials of a victim too: slowly, each week, in the guise of deployers, or in another way that the kind's theme
names, the `scenario` of the truth. Bystanders resemble victims. Chores are harmful on a day or two, because that is
the job. `principals.json` has their `role`, and `is_ordinary` is true of chores. The truth has one more column,
`error`, for calls that fail though they are allowed. Like judged kinds, intruded kinds have exactly the policies that
they declare, needs in `later.parquet`, and no service last accessed. `python -m bench.corpus.learned` counts how far a
review believes the intruders, as `bench.corpus.beliefs` describes. `--no-intrusions` writes the same world without
what intruders do.

**Crews.** `--crews N` adds N crews of each kind in the modules `crews`, in accounts of their own for each half and
copy, and leaves what the other accounts hold as it is. They judge `lpgen roles`. A crew kind is a function that gets a
`Draw` and returns a `Crew` (`bench.corpus.crew`); `Kinds.crew()` declares it:

    KINDS = Kinds()

    @KINDS.crew()
    def copies_of_a_worker(d: Draw) -> Crew:
        queue = d.queue()
        schedule = step(daily, "sqs:ReceiveMessage DeleteMessage", queue)
        grants = [grant("sqs:*", queue.arn)]
        members = [
            Member(f"copy{n}", Profile(f"{d.app}-worker-{n}", "a copy of the worker", grants, schedule, "ecs"))
            for n in (1, 2, 3)
        ]
        return Crew(members, merges=[labels("copy1", "copy2", "copy3")])

`d.account` is the production account; `d.in_account(DEVELOPMENT)` draws resources of the same names in another one.
The account `QUIET` records no data events. A `Job` gives a schedule sessions (`bench.corpus.session.Session`), from
which records get session names, source identities, callers, user agents, addresses, keys and sign-ins. A role with
several jobs should be split into these. Actions need a line in `operations/`; `Corpus` raises where the policies
don't allow what a member needs. Like judged kinds, members have exactly the policies that they declare: make them
wider than their needs. They have needs in `later.parquet`, and no service last accessed. The truth has a column
`job`, and `roles.json` says which members are to be merged, to be kept apart, to be split (with the session names,
source identities and functions of each job), and what users are. Held-back crews are in `kinds/held_back/crews/`,
which `CREW_THEMES` of that package lists.
`python -m bench.corpus.mined` measures what `lpgen roles` finds of them.

**Kinds.** `kinds/` declares them, a function each: it draws a principal's names, resources and paces, and gives its
schedule. The principals of a kind differ in these. A steady kind has the same needs all year, except for the keys of
objects, which count as new only where their bucket does.

**Halves.** The kinds of `kinds/held_back/` are held back: they judge what was tuned on all others. `half.py` states the
rule. Tune with `--half tuned`, without reading that folder, and report both halves. Each has half of the principals,
and both are drawn alike, whichever one you write.

**Reach.** The places that the other principals of an account use with the same actions are in `truth.parquet`: group
by `account`, `action` and `resource`.

**Blind spots.** Of the pairs of an account and a type of data events half are turned off, some calls are never
recorded, and a few trails are stopped for days: such needs are in the truth with `logged` false and the reason. KMS
records with encryption contexts are signs of them. A stopped trail silences its account only in corpora that hold the
intruder's victim.

**Planned trails.** `--plan FILE` writes the same world, in which the trails of a plan of `lpgen observe` also record
the last month (`--plan-days`). `python -m bench.corpus.observed` makes the plan, records that month, and counts the
actions that replacements keep though nobody needs them, before and after.

**What it leaves out.** Records of AWS services and of sessions' beginnings, conditions in policies, and resource
policies. Only judged kinds have boundaries and SCPs, or services that assume them on record. Only intruders make calls
that fail though they are allowed.
"""
