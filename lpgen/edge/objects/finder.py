"""Finds log objects in the folders of each account and Region, and only on the requested days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Final

from lpgen.core.usage.ingest_result import FileProblem, Progress, ProgressReport
from lpgen.core.usage.log_layout import (
    NO_SPAN,
    FileSpan,
    LogScope,
    Visit,
    is_file_wanted,
    is_log_name,
    is_logs_root,
    label_from_folder,
    owners_from_name,
    span_from_folder,
    visit_from_folder,
)
from lpgen.edge.data_folder.ledger import Ledger, LedgerFile
from lpgen.edge.data_folder.object_plan import ObjectPlan
from lpgen.edge.object_store import ListingPage, ListingProgress, ObjectStore, StoredObject
from lpgen.errors import AwsError, CredentialsError

_THREADS: Final = 16
"""How many pages to request at a time."""

_SEARCH_DEPTH: Final = 3
"""How many folders may be between an address and an `AWSLogs/` below it."""

SEARCH_FOLDERS: Final = 500
"""How many folders to list in search of `AWSLogs/` before giving up."""


@dataclass(frozen=True, slots=True)
class _ListedPage:
    """A page of a listing: objects to read, and how many others were ignored.

    If only some accounts or Regions are requested, `owners` has the ones in the page's names, "" for an object whose
    name has none.
    """

    objects: tuple[StoredObject, ...] = ()
    ignored: int = 0
    left: tuple[str, ...] = ()
    failures: tuple[FileProblem, ...] = ()
    owners: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BucketLogs:
    """Logs in S3 to ingest: the addresses, and the requested accounts and Regions (none: all)."""

    store: ObjectStore
    addresses: tuple[str, ...]
    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()


@dataclass(slots=True)
class FoundObjects:
    """The result of a listing: the numbers of `new`, known and ignored objects, and the `bytes` of new ones."""

    plan: ObjectPlan
    new: int = 0
    bytes: int = 0
    known: int = 0
    ignored: int = 0
    left: Counter[str] = field(default_factory=Counter)
    failures: list[FileProblem] = field(default_factory=list)
    owners: set[str] = field(default_factory=set)
    _digests: list[str] = field(default_factory=list)

    def add(self, steps: Iterable[_ListedPage], report_progress: ProgressReport | None) -> None:
        """Adds all pages of a listing to the plan."""
        found = 0
        for step in steps:
            self.plan.add(step.objects)
            found += len(step.objects)
            if report_progress:
                report_progress(Progress(found, 0, 0, 0, 0, "objects"))
            self.ignored += step.ignored
            self.left.update(step.left)
            self.failures += step.failures
            self.owners |= step.owners
        self._digests = self.plan.known_digests()

    def queue(self) -> None:
        """Counts and queues the new objects."""
        self.new, self.bytes, self.known = self.plan.queue_new()

    def known_files(self, ledger: Ledger) -> tuple[LedgerFile, ...]:
        """The files of known objects that couldn't be read completely, or that have left-out records."""
        return tuple(file for digest in self._digests if (file := ledger.file(digest)))


@dataclass(frozen=True, slots=True)
class _Task:
    """The next page to list. `named` marks an address from the user: a failure there ends the run."""

    listing: ListingProgress
    visit: Visit
    span: FileSpan = NO_SPAN
    named: bool = False


def find_objects(
    store: ObjectStore, addresses: Iterable[str], scope: LogScope, *, threads: int = _THREADS
) -> Iterator[_ListedPage]:
    """The log objects at or below the addresses, page by page. Several pages are requested at a time.

    An object at or below two addresses is given twice.

    Raises:
        AwsError: an address can't be listed, or the credentials fail. If a folder below can't be listed, the page says
        so.
    """
    with ThreadPoolExecutor(threads) as pool:
        for address in addresses:
            yield _ListedPage(owners=owners_from_name(address.rstrip("/") + "/"))
            yield from _Walk(store, scope, pool).walk(address)


@dataclass(slots=True)
class _Walk:
    """The listing of one address."""

    store: ObjectStore
    scope: LogScope
    pool: ThreadPoolExecutor
    pending: dict[Future[ListingPage], _Task] = field(default_factory=dict)

    def walk(self, address: str) -> Iterator[_ListedPage]:
        if not address.endswith("/"):
            exact = self._find_exact(address)
            if exact is not None:
                yield _ListedPage((exact,), owners=_owners_of_object(exact.name))
                return
            address += "/"
        visit = visit_from_folder(address, self.scope)
        if visit is Visit.PRUNE:
            return
        whole = Visit.SEARCH if visit is Visit.LEAVE else visit
        tasks: tuple[_Task, ...] = (self._task_from_folder(address, whole, named=True),)
        if visit is Visit.SEARCH:
            tasks, page = self._search(address)
            yield page
        found = False
        for step in self._run(tasks):
            found = found or step != _ListedPage()
            yield step
        if not found:
            yield from self._nothing(address)

    def _find_exact(self, address: str) -> StoredObject | None:
        """The object with exactly this address as its name."""
        page = self.store.list_page(address, by_folder=True)
        return next((obj for obj in page.objects if obj.name == address), None)

    def _nothing(self, address: str) -> Iterator[_ListedPage]:
        """A failure if the address holds nothing, which suggests a typing error. Unrequested objects count."""
        page = self.store.list_page(address, by_folder=True)
        if not page.objects and not page.folders:
            yield _ListedPage(failures=(FileProblem(address, "there is nothing with this name"),))

    # ------------------------------------------------------------ in search of AWSLogs/

    def _search(self, address: str) -> tuple[tuple[_Task, ...], _ListedPage]:
        """The `AWSLogs/` folders at or below an address and the objects next to them, or the complete address."""
        roots: list[str] = []
        pages: dict[str, ListingPage] = {}
        level = [address]
        for _ in range(_SEARCH_DEPTH + 1):
            if len(pages) + len(level) > SEARCH_FOLDERS:
                break
            pages |= zip(level, self.pool.map(self._list_folder, level), strict=True)
            folders = [folder for above in level for folder in pages[above].folders]
            roots += [folder for folder in folders if is_logs_root(folder)]
            level = [folder for folder in folders if not is_logs_root(folder)]
        if not roots:
            return (_Task(ListingProgress(address), Visit.SEARCH, named=True),), _ListedPage()
        on_the_way = [page for page in pages if any(root.startswith(page) for root in roots)]
        beside = self._step_from_objects((obj for way in on_the_way for obj in pages[way].objects), checked=True)
        left = {folder for way in on_the_way for folder in pages[way].folders} - {*on_the_way, *roots}
        gave_up = FileProblem(address, "it has too many folders to search for AWSLogs/; name the folders that hold it")
        failures = (gave_up,) if level and level[0] not in pages and len(pages) + len(level) > SEARCH_FOLDERS else ()
        labels = tuple(label_from_folder(folder) for folder in sorted(left))
        tasks = tuple(_Task(ListingProgress(root), Visit.DESCEND, named=True) for root in roots)
        return tasks, _ListedPage(beside.objects, beside.ignored, labels, failures)

    def _list_folder(self, folder: str) -> ListingPage:
        """All pages of a folder as one."""
        listing = ListingProgress(folder)
        objects: list[StoredObject] = []
        folders: list[str] = []
        while True:
            page = self.store.list_page(folder, by_folder=True, token=listing.token)
            listing.advance(page)
            objects += page.objects
            folders += page.folders
            if not page.token:
                return ListingPage(tuple(objects), tuple(folders), "")

    # ------------------------------------------------------------ down the layout

    def _run(self, tasks: Iterable[_Task]) -> Iterator[_ListedPage]:
        for task in tasks:
            self._submit(task)
        try:
            while self.pending:
                done, _ = wait(self.pending, return_when=FIRST_COMPLETED)
                for future in done:
                    yield self._step(self.pending.pop(future), future)
        finally:
            for future in self.pending:
                future.cancel()

    def _submit(self, task: _Task) -> None:
        future = self.pool.submit(
            self.store.list_page,
            task.listing.prefix,
            by_folder=task.visit is Visit.DESCEND,
            after=task.span.after,
            token=task.listing.token,
        )
        self.pending[future] = task

    def _step(self, task: _Task, future: Future[ListingPage]) -> _ListedPage:
        """The result of a page. It also requests the pages and folders that follow."""
        try:
            page = future.result()
            task.listing.advance(page)
        except AwsError as error:
            if task.named or isinstance(error, CredentialsError):
                raise
            return _ListedPage(failures=(FileProblem(task.listing.prefix, error.message),))
        before = task.span.before
        objects = [obj for obj in page.objects if not before or obj.name < before]
        if page.token and len(objects) == len(page.objects):
            self._submit(task)
        left = tuple(label for folder in page.folders for label in self._enter(folder))
        step = self._step_from_objects(objects, checked=task.visit is not Visit.LIST)
        owners = self._owners(page) if task.visit is not Visit.LIST else frozenset()
        return replace(step, left=left, owners=owners)

    def _owners(self, page: ListingPage) -> frozenset[str]:
        """The accounts and Regions that a page names. Empty if all are requested."""
        if not (self.scope.accounts or self.scope.regions):
            return frozenset()
        of_objects = (_owners_of_object(obj.name) for obj in page.objects)
        return frozenset().union(*map(owners_from_name, page.folders), *of_objects)

    def _enter(self, folder: str) -> tuple[str, ...]:
        """Begins to list a folder, or returns why it is ignored."""
        visit = visit_from_folder(folder, self.scope)
        if visit is Visit.LEAVE:
            return (label_from_folder(folder),)
        if visit is not Visit.PRUNE:
            self._submit(self._task_from_folder(folder, visit))
        return ()

    def _task_from_folder(self, folder: str, visit: Visit, *, named: bool = False) -> _Task:
        span = span_from_folder(folder, self.scope) if visit is Visit.LIST else NO_SPAN
        return _Task(ListingProgress(folder), visit, span, named=named)

    def _step_from_objects(self, objects: Iterable[StoredObject], *, checked: bool) -> _ListedPage:
        """The log objects. With `checked`, the folder doesn't name their account, so their names are checked."""
        found, ignored = [], 0
        for obj in objects:
            if obj.name.endswith("/"):
                continue
            if not is_log_name(obj.name):
                ignored += 1
            elif not checked or is_file_wanted(obj.name, self.scope):
                found.append(obj)
        return _ListedPage(tuple(found), ignored)


def _owners_of_object(name: str) -> frozenset[str]:
    return owners_from_name(name) or frozenset([""])
