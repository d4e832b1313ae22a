"""Keeps the details of thousands of principals and policies in a temporary file, and finds them by ARN."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Generic, TypeVar

import msgspec

from lpgen.core.keeping import IntArray
from lpgen.core.packed_texts import PackedTexts, pack_texts
from lpgen.edge.readers.iam_pages import GroupDetail, ManagedPolicy, RoleDetail, UserDetail
from lpgen.edge.spill import Place, Spill, pack_bytes, read_packed

Detail = TypeVar("Detail", RoleDetail, UserDetail, GroupDetail, ManagedPolicy)


@dataclass(frozen=True, slots=True, eq=False)
class SealedDetails:
    """The details of a sealed shelf: their sorted ARNs, and the place of each in the content of a file."""

    arns: PackedTexts
    places: IntArray
    content: memoryview


class DetailShelf(Generic[Detail]):
    """The details of one kind, one for each ARN. If files disagree, the latest one by its own dates counts."""

    def __init__(self, kind: type[Detail], age: Callable[[Detail], tuple[str, ...]]) -> None:
        self._kind: type[Detail] = kind
        self._age: Callable[[Detail], tuple[str, ...]] = age
        self._spill = Spill()
        self._places: dict[str, Place] = {}
        self._begun: list[tuple[Place, str]] = []
        self._repeated: dict[str, set[str]] = {}
        self._disputed: set[str] = set()
        self.sealed = SealedDetails(pack_texts(()), array("Q"), memoryview(b""))

    def __contains__(self, arn: str) -> bool:
        return arn in self.sealed.arns

    def __iter__(self) -> Iterator[str]:
        """The ARNs, sorted."""
        return self.sealed.arns.between(0, len(self.sealed.places))

    def add(self, details: Iterable[Detail], file: str) -> None:
        """Adds the details in a file."""
        self._begun.append((self._spill.end, file))
        for detail in details:
            arn = detail.arn
            if arn not in self._places:
                self._places[arn] = self._spill.add(_packed(detail))
                continue
            self._repeated.setdefault(arn, {self._file_of(arn)}).add(file)
            other = self._decoded(self._spill.read(self._places[arn]))
            if other != detail:
                self._disputed.add(arn)
                if max(other, detail, key=lambda known: (self._age(known), _canonical(known))) is detail:
                    self._places[arn] = self._spill.add(_packed(detail))

    def seal(self) -> None:
        """Ends the adding, and packs the ARNs. Details can be read from now on."""
        arns = sorted(self._places)
        places = array("Q", map(self._places.__getitem__, arns))
        self.sealed = SealedDetails(pack_texts(arns), places, self._spill.content())
        self._places.clear()

    def _file_of(self, arn: str) -> str:
        """The file where an ARN was first found. The details of each file follow those of the previous file."""
        at = bisect_right(self._begun, self._places[arn], key=itemgetter(0))
        return self._begun[at - 1][1]

    def read(self, arn: str) -> Detail:
        """The detail of an ARN. The shelf must have it."""
        place = self.sealed.places[self.sealed.arns.place_of(arn)]
        return self._decoded(read_packed(self.sealed.content, place))

    def _decoded(self, content: bytes) -> Detail:
        found: Detail = msgspec.json.decode(content, type=self._kind)
        return found

    def disputed(self) -> Iterator[tuple[str, Iterable[str]]]:
        """The ARNs that files disagree about, each with all its files."""
        return ((arn, self._repeated[arn]) for arn in sorted(self._disputed))


def _packed(detail: msgspec.Struct) -> bytes:
    return pack_bytes(msgspec.json.encode(detail))


def _canonical(detail: msgspec.Struct) -> bytes:
    return msgspec.json.encode(detail, order="sorted")
