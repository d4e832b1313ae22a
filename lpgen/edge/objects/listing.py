"""Whether the pages of a listing follow one another as S3's do: only then is the last one the last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from lpgen.edge.object_store import Page
from lpgen.errors import AwsError, quote_input

UNUSABLE: Final = "UnusableAnswer"
"""The code of an error: AWS answered, and the answer contradicts itself."""

MAX_EMPTY_PAGES: Final = 1_000
"""How many pages in a row may be empty. Pages may hold fewer names than asked for, and where many objects were deleted
from a bucket with versions, some hold none."""

_Order = Callable[[str], Any]


def _by_path(name: str) -> list[str]:
    return name.split("/")


_ORDERS: Final[tuple[_Order, ...]] = (str, _by_path)


@dataclass(slots=True)
class ListingProgress:
    """How far a listing of a prefix is: it must advance with each page, or it might never end.

    S3 lists names in the order of their UTF-8 bytes. Servers that keep objects as files list folder by folder.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ListingKeysUsingAPIs.html
    """

    prefix: str
    token: str = ""
    last: dict[tuple[str, _Order], Any] = field(default_factory=dict)
    """The last object and the last folder that came, in each order; some servers page through them separately."""
    orders: tuple[_Order, ...] = _ORDERS
    empty_pages: int = 0

    def advance(self, page: Page) -> None:
        """Takes the next page.

        Raises:
            AwsError: it repeats names or a token, goes back, or is one of too many empty ones.
        """
        self._take("objects", [one.name for one in page.objects])
        self._take("folders", list(page.folders))
        self.empty_pages = 0 if page.objects or page.folders else self.empty_pages + 1
        if page.token and (page.token == self.token or self.empty_pages > MAX_EMPTY_PAGES):
            raise self._unusable("the listing doesn't advance")
        self.token = page.token

    def _take(self, kind: str, names: list[str]) -> None:
        if not names:
            return
        last = self.last
        self.orders = tuple(
            one for one in self.orders if (kind, one) not in last or min(map(one, names)) > last[kind, one]
        )
        if not self.orders:
            raise self._unusable("a page of the listing doesn't come after the one before")
        self.last |= {(kind, order): max(map(order, names)) for order in self.orders}

    def _unusable(self, why: str) -> AwsError:
        return AwsError(f"can't list {quote_input(self.prefix)}: {why}", code=UNUSABLE, hint="run it again")
