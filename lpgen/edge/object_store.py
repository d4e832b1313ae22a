"""The interface of a store of named objects, such as S3."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from lpgen.errors import AwsError, quote_input


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object by its full name (`s3://BUCKET/KEY`). A changed object has another size or `etag`."""

    name: str
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class ListingPage:
    """A page of a listing: objects by name, the folders among them, and the next page's token or ""."""

    objects: tuple[StoredObject, ...]
    folders: tuple[str, ...]
    token: str


@dataclass(frozen=True, slots=True)
class Body:
    """All bytes of an object, and its `etag`."""

    data: bytes
    etag: str


class _Sized(Protocol):
    """Something to read, with its size in bytes."""

    @property
    def size(self) -> int: ...


_Item = TypeVar("_Item", bound=_Sized)


def chunk_items(
    items: Iterable[_Item],
    *,
    target_bytes: int,
    target_files: int,
    belong: Callable[[_Item, _Item], bool] = lambda _item, _before: False,
) -> Iterator[tuple[_Item, ...]]:
    """The items in order, in chunks of about equal size.

    An item that belongs to the one before joins its chunk, up to twice as many items.
    """
    chunk: list[_Item] = []
    size = 0
    for item in items:
        full = size + item.size > target_bytes or len(chunk) >= target_files
        if chunk and full and (len(chunk) >= 2 * target_files or not belong(item, chunk[-1])):
            yield tuple(chunk)
            chunk, size = [], 0
        chunk.append(item)
        size += item.size
    if chunk:
        yield tuple(chunk)


class ObjectStore(Protocol):
    """A store of objects. Several threads may use it. It pickles without its connections and secrets."""

    def list_page(self, prefix: str, *, by_folder: bool, after: str = "", token: str = "") -> ListingPage:
        """A page of the names that begin with `prefix` and follow `after`.

        With `by_folder`, a folder is given by its name, without its contents.

        Raises:
            AwsError: it can't be listed.
        """

    def elsewhere(self) -> ObjectStore:
        """The same store for workers on other machines, which have their own credentials."""

    def read_all(self, objects: Iterable[StoredObject]) -> Iterator[tuple[StoredObject, Body | AwsError]]:
        """Each object of a listing with its bytes, in order, or why it can't be read.

        An object that changed since it was listed can't be read. Later objects are read while the caller works.
        """


UNUSABLE: Final = "UnusableAnswer"
"""The code of an error about an answer from AWS that contradicts itself."""

MAX_EMPTY_PAGES: Final = 1_000
"""How many pages in a row may be empty. Pages may hold fewer names than requested. If many objects were deleted from a
versioned bucket, some pages hold none."""

_Order = Callable[[str], Any]


def _by_path(name: str) -> list[str]:
    return name.split("/")


_ORDERS: Final[tuple[_Order, ...]] = (str, _by_path)


@dataclass(slots=True)
class ListingProgress:
    """The progress of a listing of a prefix. It must advance with each page, or it might never end.

    S3 lists names in the order of their UTF-8 bytes. Servers that keep objects as files list folder by folder.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ListingKeysUsingAPIs.html
    """

    prefix: str
    token: str = ""
    last: dict[tuple[str, _Order], Any] = field(default_factory=dict)
    """The last object and the last folder so far, in each order. Some servers page through them separately."""
    orders: tuple[_Order, ...] = _ORDERS
    empty_pages: int = 0

    def advance(self, page: ListingPage) -> None:
        """Takes the next page.

        Raises:
            AwsError: the page repeats names or a token, goes back, or is one of too many empty pages.
        """
        self._take("objects", [obj.name for obj in page.objects])
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
            order for order in self.orders if (kind, order) not in last or min(map(order, names)) > last[kind, order]
        )
        if not self.orders:
            raise self._unusable("a page of the listing doesn't follow the page before")
        self.last |= {(kind, order): max(map(order, names)) for order in self.orders}

    def _unusable(self, why: str) -> AwsError:
        return AwsError(f"can't list {quote_input(self.prefix)}: {why}", code=UNUSABLE, hint="run it again")
