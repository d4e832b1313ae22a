"""What an ingest asks of a place that holds objects under names, such as S3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from lpgen.errors import AwsError


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object by its whole name (`s3://BUCKET/KEY`). A changed object has another size or `etag`."""

    name: str
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a listing: objects in order of their names, the folders among them, and the next page's token or ""."""

    objects: tuple[StoredObject, ...]
    folders: tuple[str, ...]
    token: str


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of an object, whole, and what they are the bytes of."""

    data: bytes
    etag: str


class ObjectStore(Protocol):
    """A place of objects. It pickles without its connections and secrets, and may be used by several threads."""

    def list_page(self, prefix: str, *, by_folder: bool, after: str = "", token: str = "") -> Page:
        """One page of the names that begin with `prefix`, those up to and with `after` left out.

        `by_folder` gives what lies below a folder as that folder's name alone.

        Raises:
            AwsError: it can't be listed.
        """

    def elsewhere(self) -> ObjectStore:
        """The same place for workers on other machines, which have credentials of their own."""

    def read_all(self, objects: Iterable[StoredObject]) -> Iterator[tuple[StoredObject, Body | AwsError]]:
        """Each object of a listing with its bytes, in order; or why it can't be read in full, or that it has changed
        since it was listed. Objects that follow are read while the caller works on one."""
