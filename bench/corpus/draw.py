"""Draws of one principal: its account, the names of its application, and the resources that it works on.

Naming schemes are those of public infrastructure code: `env-app-part`, `app_part_env`, CamelCase, and the names that
CloudFormation generates from a stack's and a resource's name.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from bench.corpus.calendar import Place
from bench.corpus.organization import Account

Item = TypeVar("Item")

_SUBJECTS: Final = (
    *("orders", "payments", "catalog", "search", "profile", "invoice", "ledger", "media", "shipping", "pricing"),
    *("loyalty", "returns", "fraud", "notify", "identity", "reviews", "stock", "supplier", "tracking", "quotes"),
    *("basket", "content", "billing", "claims", "routing", "telemetry", "booking", "partner", "vendor", "survey"),
)
_PARTS: Final = (
    *("items", "events", "state", "archive", "audit", "users", "sessions", "carts", "prices", "documents", "labels"),
    *("results", "metrics", "lookups", "rules", "history", "contacts", "feeds", "jobs", "offers", "regions", "tokens"),
    *("assets", "drafts", "reports", "uploads", "thumbs", "alerts", "batches", "errors", "exports", "imports"),
)
_ENVS: Final = ("prod", "live", "prd", "main")
_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Draw:
    """Draws the facts of one principal, the same for a seed."""

    def __init__(self, rng: random.Random, account: Account, days: int, pace: float = 1.0) -> None:
        self.rng = rng
        self._pace = pace
        self.account = account
        self.days = days
        self.region = account.regions[0 if rng.random() < 0.75 else 1]
        self.subject = rng.choice(_SUBJECTS)
        self.app = f"{self.subject}-{rng.choice(('api', 'svc', 'core', 'hub', 'app', 'web'))}{rng.randint(1, 99)}"
        self._env = rng.choice(_ENVS)
        self._scheme = rng.choice(("env-app", "app-env", "snake", "camel", "stack"))
        self._parts = rng.sample(_PARTS, len(_PARTS))
        self._taken = 0
        self.mine: set[str] = set()
        """The ARNs of the resources of its application."""
        self.neighbors: Mapping[str, Account] = {}
        """Of a crew, its accounts by the names of `bench.corpus.crew.CREW_ACCOUNTS`."""

    def in_account(self, name: str) -> Draw:
        """The same application in another account of the crew, under the same names."""
        other = copy.copy(self)
        other.account = self.neighbors[name]
        other.region = other.account.regions[self.account.regions.index(self.region)]
        return other

    # ---------------------------------------------------------------- choices

    def between(self, least: int, most: int) -> int:
        """A number in the range, ends included."""
        return self.rng.randint(least, most)

    def pick(self, *items: Item) -> Item:
        """One of the items."""
        return self.rng.choice(items)

    def chance(self, share: float) -> bool:
        """True for this share of principals."""
        return self.rng.random() < share

    def hex(self, length: int) -> str:
        """Random hexadecimal digits."""
        return f"{self.rng.getrandbits(4 * length):0{length}x}"

    def uuid(self) -> str:
        """A random UUID's form."""
        digits = self.hex(32)
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def upper(self, length: int) -> str:
        """Random capitals and digits."""
        return "".join(self.rng.choices(_UPPER, k=length))

    # ---------------------------------------------------------------- names

    @property
    def prefix(self) -> str:
        """What the names of all its resources begin with, separator included."""
        match self._scheme:
            case "env-app":
                return f"{self._env}-{self.app}-"
            case "snake":
                return f"{self.app.replace('-', '_')}_"
            case "camel":
                return "".join(word.title() for word in self.app.split("-"))
            case "stack":
                return f"{self.app}-{self._env}-"
            case _:
                return f"{self.app}-"

    def part(self) -> str:
        """The next word of what an application is made of."""
        self._taken += 1
        word = self._parts[(self._taken - 1) % len(self._parts)]
        return word if self._taken <= len(self._parts) else f"{word}{self._taken // len(self._parts) + 1}"

    def name(self, part: str = "") -> str:
        """A resource's name in the principal's scheme."""
        word = part or self.part()
        match self._scheme:
            case "snake":
                return f"{self.prefix}{word}_{self._env}"
            case "camel":
                return f"{self.prefix}{word.title()}"
            case "stack":
                return f"{self.prefix}{word.title()}-{self.upper(12)}"
            case "app-env":
                return f"{self.prefix}{word}-{self._env}"
            case _:
                return f"{self.prefix}{word}"

    def dns_name(self, part: str = "") -> str:
        """A name as buckets need it: lower case, no underscores."""
        return self.name(part).lower().replace("_", "-")

    @property
    def dns_prefix(self) -> str:
        """What the names of its buckets begin with."""
        return self.prefix.lower().replace("_", "-")

    # ---------------------------------------------------------------- resources

    def arn(self, service: str, rest: str, *, region: str | None = None, account: str | None = None) -> str:
        """An ARN in its account and Region unless others are given."""
        where = self.region if region is None else region
        return f"arn:aws:{service}:{where}:{self.account.id if account is None else account}:{rest}"

    def own(self, service: str, rest: str, born: int = -1, died: int = 1_000_000) -> Place:
        """A resource of the principal's application, which becomes part of the account's estate."""
        return self._keep(service, Place(self.arn(service, rest), born, died))

    def _keep(self, service: str, place: Place) -> Place:
        self.mine.add(place.arn)
        self.account.estate.setdefault(service, []).append(place)
        return place

    def bucket(self, part: str = "", born: int = -1, died: int = 1_000_000) -> Place:
        """A bucket."""
        return self._keep("s3", Place(f"arn:aws:s3:::{self.dns_name(part)}", born, died))

    def table(self, part: str = "", born: int = -1, died: int = 1_000_000) -> Place:
        """A DynamoDB table."""
        return self.own("dynamodb", f"table/{self.name(part)}", born, died)

    def queue(self, part: str = "", born: int = -1, died: int = 1_000_000) -> Place:
        """An SQS queue."""
        return self.own("sqs", self.name(part), born, died)

    def topic(self, part: str = "", born: int = -1, died: int = 1_000_000) -> Place:
        """An SNS topic."""
        return self.own("sns", self.name(part), born, died)

    def function(self, part: str = "", born: int = -1, died: int = 1_000_000) -> Place:
        """A Lambda function."""
        return self.own("lambda", f"function:{self.name(part)}", born, died)

    def secret(self, part: str = "", born: int = -1) -> Place:
        """A secret, with the six characters that Secrets Manager appends."""
        return self.own("secretsmanager", f"secret:{self.name(part)}-{self.upper(6)}", born)

    def key(self) -> Place:
        """A KMS key."""
        return self.own("kms", f"key/{self.uuid()}")

    def hosted_zone(self) -> Place:
        """A hosted zone of Route 53, whose ARN has neither Region nor account."""
        return self._keep("route53", Place(f"arn:aws:route53:::hostedzone/Z{self.upper(13)}"))

    def shared_bucket(self) -> Place:
        """The bucket that many principals of the account share."""
        return self._shared("s3", f"arn:aws:s3:::{self.account.name}-shared-{self.account.id}")

    def shared_topic(self) -> Place:
        """The topic that many principals of the account and Region share."""
        return self._shared("sns", self.arn("sns", f"{self.account.name}-events"))

    def _shared(self, service: str, arn: str) -> Place:
        place, known = Place(arn), self.account.estate.setdefault(service, [])
        if place not in known:
            known.append(place)
        return place

    @property
    def other_region(self) -> str:
        """The account's other Region."""
        return next(region for region in self.account.regions if region != self.region)

    def role(self, part: str) -> str:
        """The ARN of a role of the application."""
        return self.arn("iam", f"role/{self.app}-{part}", region="")

    # ---------------------------------------------------------------- growth

    def births(self, start: int, every: tuple[int, int]) -> list[int]:
        """The birth days of a growing set: so many from the start, then one every so many days at pace 1."""
        every = (max(1, round(every[0] / self._pace)), max(1, round(every[1] / self._pace)))
        found, day = [-1] * start, self.between(1, every[1])
        while day < self.days:
            found.append(day)
            day += self.between(*every)
        return found

    def growing(self, make: Callable[..., Place], start: int, every: tuple[int, int]) -> list[Place]:
        """Resources of a growing set."""
        return [make(born=born) for born in self.births(start, every)]

    def fixed(self, make: Callable[..., Place], count: int) -> list[Place]:
        """Resources that were all there on the first day."""
        return [make() for _ in range(count)]

    def day_in_year(self, least: float = 0.25, most: float = 0.75) -> int:
        """A day in this part of the corpus."""
        return int(self.days * self.rng.uniform(least, most))

    def split(self, items: Sequence[Item]) -> tuple[list[Item], list[Item]]:
        """The items in two random parts."""
        mixed = self.rng.sample(list(items), len(items))
        return mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]
