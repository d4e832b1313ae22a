"""Compares the answers of the event maps of two checkouts for the same calls.

    python -m action_catalog.compare_maps OTHER_CHECKOUT [EVENT SOURCE ...] [--records FILE ...] [--examples N]

The calls are generated (`sample_calls.py`) for every operation that has a rule in one of the checkouts or whose row
differs. `--records` adds files of records: one record per line, CloudTrail log files, or the cases of
`tests/cases/event_map`. Prints each operation that differs, the number of its calls that differ with a few examples,
and the totals. A call is valid if AWS would accept its request. A difference isn't always an error: check AWS's pages
to decide which answer is better.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from action_catalog import service_models
from action_catalog.bindings import RESPONSE
from action_catalog.builder_facts import HERE, SUFFIX
from action_catalog.sample_calls import Operation, Sample, arns_of_actions, sample_calls
from lpgen.core.cloudtrail.operation_rows import EventSources
from lpgen.edge.catalog.files import bundled_catalog

Key = tuple[str, str]
Keys = tuple[str, ...]
_DEEPEST: Final = 4
_OF_OMISSION: Final = frozenset({"omitted", "originalSize"})
"""The parameters in a record whose request was too large."""


def run_map(checkout: Path, command: str, records: Iterable[Any]) -> list[Any]:
    """The answers of a checkout's event map, one per line."""
    text = "".join(json.dumps(record) + "\n" for record in records)
    done = subprocess.run(
        [sys.executable, str(HERE / "map_records.py"), command],
        input=text,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def compared_operations(checkouts: Sequence[Path], sources: frozenset[str]) -> list[Key]:
    """The operations that have a rule in one of the checkouts, or rows that differ."""
    keys = {tuple(key) for checkout in checkouts for key in run_map(checkout, "rules", ())}
    first, second = (_read_rows(checkout) for checkout in checkouts)
    keys |= {key for key in {*first, *second} if first.get(key) != second.get(key)}
    return sorted((source, name) for source, name in keys if not sources or source in sources)


def _read_rows(checkout: Path) -> dict[Key, object]:
    return {
        (path.stem, name): row
        for path in (checkout / "action_catalog" / "operations").glob("*.json")
        for name, row in json.loads(path.read_text())["operations"].items()
    }


def sampled_operations(checkouts: Sequence[Path], keys: Sequence[Key]) -> Iterator[Operation]:
    """The operations, with the parameters in their service models and those that one of the event maps reads."""
    catalog = bundled_catalog()
    sources = EventSources.from_catalog(catalog.source)
    models = {
        (item.prefix + SUFFIX, item.name.lower()): item
        for item in service_models.read_operations(frozenset(catalog.prefixes()))
    }
    modelled = {key: models.get((sources.resolve(key[0]).table, key[1].lower())) for key in keys}
    paths: dict[Key, dict[Keys, None]] = {
        key: dict.fromkeys(_paths_of_model(model) if model else ()) for key, model in modelled.items()
    }
    actions: dict[Key, set[str]] = defaultdict(set)
    for _ in range(2):  # the values from the first pass decide which parameters a rule reads in the second
        records = [item.record for key in keys for item in _questions(key, tuple(paths[key]))]
        for checkout in checkouts:
            for source, name, asked, answered in run_map(checkout, "ask", records):
                paths[source, name].update(dict.fromkeys(_known(modelled[source, name], map(tuple, asked))))
                actions[source, name].update(answered)
    for key in keys:
        model = modelled[key]
        required = tuple(item.path for item in model.parameters if _is_needed(item)) if model else ()
        yield Operation(*key, _first(paths[key]), required, arns_of_actions(catalog, actions[key]))


def _known(model: service_models.Operation | None, paths: Iterable[Keys]) -> Iterator[Keys]:
    """The paths that start with a parameter of the operation or are in the response. Rules for several operations read
    other paths too."""
    names = {name[:1].lower() + name[1:] for name in (*model.members, *model.wire.values())} if model else ()
    return (
        path
        for path in paths
        if model is None or (path and (path[0].startswith(RESPONSE) or path[0][:1].lower() + path[0][1:] in names))
    )


def _is_needed(parameter: service_models.Parameter) -> bool:
    return parameter.required and len(parameter.path) == 1


def _paths_of_model(model: service_models.Operation) -> Iterator[Keys]:
    yield from (item.path for item in model.parameters if len(item.path) <= _DEEPEST)
    yield from ((name,) for name in model.members if "." not in name)


def _first(paths: Iterable[Keys]) -> tuple[Keys, ...]:
    """The paths without duplicates that differ in the case of first letters, the shortest first."""
    kept: dict[Keys, Keys] = {}
    for path in sorted((path for path in paths if path and path[0] not in _OF_OMISSION), key=len):
        kept.setdefault(tuple(key[:1].lower() + key[1:] for key in path), path)
    return tuple(kept.values())


def _questions(key: Key, paths: tuple[Keys, ...]) -> Iterator[Sample]:
    operation = Operation(*key, paths, (), (f"arn:aws:iam::111122223333:role/{key[1]}",))
    yield from (sample for sample in sample_calls(operation) if sample.label.startswith(("full", "random", "unread")))


def read_records(files: Iterable[Path]) -> Iterator[Sample]:
    """The records in files: cases of the event map, CloudTrail log files, or one record per line."""
    for path in files:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        found = json.loads(content) if content.startswith(b"[") else [json.loads(line) for line in content.splitlines()]
        for item in found:
            for record in item.get("Records", [item.get("record", item)]):
                requests: tuple[Any, ...] = (record.get("requestParameters"), None, {})
                for request in requests:
                    yield Sample(path.stem, request is not None, {**record, "requestParameters": request})


def print_differences(checkouts: Sequence[Path], samples: Sequence[Sample], examples: int) -> Counter[str]:
    """Prints the operations whose calls differ, with a few examples. Returns the totals."""
    old, new = (run_map(checkout, "map", (sample.record for sample in samples)) for checkout in checkouts)
    differing: dict[Key, list[int]] = defaultdict(list)
    for number, sample in enumerate(samples):
        if old[number] != new[number]:
            differing[sample.record["eventSource"], sample.record["eventName"]].append(number)
    totals = Counter(calls=len(samples))
    for key, numbers in sorted(differing.items()):
        valid = [number for number in numbers if samples[number].is_valid]
        print(f"{key[0]} {key[1]}: {len(numbers)} calls differ, {len(valid)} of them valid")
        totals.update(differing=len(numbers), valid=len(valid), operations=1, with_valid=bool(valid))
        for number in (valid or numbers)[:examples]:
            record = samples[number].record
            print(f"    {samples[number].label}: {json.dumps(record['requestParameters'])[:300]}")
            print(f"      - {_words(old[number])}\n      + {_words(new[number])}")
    return totals


def _words(answer: Any) -> str:
    status, failure, actions = answer
    shown = (
        " ".join([action, how, *(f"{key}={value}" for key, value in context), *map(_word, items)])
        for action, how, context, items in actions
    )
    return f"{status} {failure}".strip() + ": " + "; ".join(shown)


def _word(resource: Sequence[str]) -> str:
    kind, text = resource
    return "(unknown)" if kind == "unknown" else text


def main(arguments: list[str]) -> int:
    """Compares this checkout with another one."""
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("other", type=Path)
    parser.add_argument("sources", nargs="*")
    parser.add_argument("--records", type=Path, nargs="*", default=[])
    parser.add_argument("--examples", type=int, default=2)
    options = parser.parse_args(arguments)
    checkouts = (options.other, HERE.parent)
    keys = compared_operations(checkouts, frozenset(options.sources))
    totals: Counter[str] = Counter()
    for _, operations in groupby(sampled_operations(checkouts, keys), key=lambda item: item.source):
        samples = [sample for operation in operations for sample in sample_calls(operation)]
        totals += print_differences(checkouts, samples, options.examples)
    totals += print_differences(checkouts, list(read_records(options.records)), options.examples)
    print(dict(totals))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
