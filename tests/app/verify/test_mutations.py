"""Changes to an output folder, by somebody who doesn't know of digests and by somebody who computes them again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.analysis.verification.chain import (
    REPRODUCED,
    UNCHANGED,
    ExpectedOutput,
    FoundOutput,
    check_reproduced,
    check_unchanged,
)
from lpgen.core.digests import CHAIN_KEYS
from lpgen.core.replacements import CheckStatus, OutputVerification
from lpgen.edge.replacement_files import read_output
from lpgen.errors import OutputError
from tests.support.outputs import OutputWorld, make_output, read_json, seal_again, write_json

pytestmark = pytest.mark.slow


Mutation = Callable[[Path], object]
ROLE = "111122223333-role-storefront-api"
OTHER = "111122223333-role-release-manager"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> OutputWorld:
    return make_output(tmp_path_factory.mktemp("mutations") / "world")


def mutated(world: OutputWorld, folder: Path, mutation: Mutation, *, sealed: bool) -> Path:
    """A copy of the output with a mutation, and with digests that fit it if `sealed`."""
    output = folder / "out"
    shutil.rmtree(output, ignore_errors=True)
    shutil.copytree(world.output, output)
    mutation(output)
    if sealed:
        seal_again(output)
    return output


def is_held(output: Path, pristine: FoundOutput) -> bool:
    """Whether the folder is refused or the checks on it fail, if generating again gives the output as it was."""
    try:
        found = read_output(output)
    except OutputError:  # which names another schema
        return True
    if check_unchanged(found).status is CheckStatus.FAILED or found.chain is None:
        return True
    expected = ExpectedOutput(pristine.files, pristine.summary)
    return check_reproduced(found, expected).status is CheckStatus.FAILED


def findings(result: OutputVerification) -> str:
    return "\n".join(finding for check in result.checks for finding in check.findings)


# ---------------------------------------------------------------- every file and every value


FOLDER_CHANGES: dict[str, Mutation] = {
    "remove": shutil.rmtree,
    "rename": lambda path: path.rename(f"{path}-2"),
    "copy": lambda path: shutil.copytree(path, f"{path}-2"),
    "hide a file in": lambda path: (path / ".hidden").write_text("x"),
    "nest a folder in": lambda path: (path / "empty").mkdir(),
}
FILE_CHANGES: dict[str, Mutation] = {
    "remove": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "link": lambda path: link(path),
    "garble": lambda path: path.write_bytes(b"\xff" + path.read_bytes()),
    "repeat a key of": lambda path: repeat_key(path),
    "rename": lambda path: path.rename(f"{path}.json"),
    "add a space to": lambda path: path.write_bytes(path.read_bytes() + b" "),
}


def file_mutations(output: Path) -> Iterator[tuple[str, Mutation]]:
    """Each kind of change to each file and folder."""
    for path in sorted(path.relative_to(output) for path in output.rglob("*")):
        for name, change in (FOLDER_CHANGES if (output / path).is_dir() else FILE_CHANGES).items():
            if (name, path.name) != ("add a space to", "summary.json"):  # which says the same then
                yield f"{name} {path}", change_below(path, change)
    yield "add a folder", lambda out: (out / "new").mkdir()
    yield "add a file", lambda out: (out / "policy-1.json").write_text("{}")
    yield "swap two roles", swap_roles
    yield "swap two policies", swap_policies


def change_below(path: Path, change: Mutation) -> Mutation:
    """The change made to a path below an output folder."""
    return lambda output: change(output / path)


def link(path: Path) -> None:
    """Puts a link to the same content in a file's place."""
    path.rename(path.parent.parent.parent / f"linked-{path.parent.name}-{path.name}")
    path.symlink_to(path.parent.parent.parent / f"linked-{path.parent.name}-{path.name}")


def repeat_key(path: Path) -> None:
    key = next(iter(read_json(path)))
    path.write_text(path.read_text(encoding="utf-8").replace("{", f'{{"{key}": "other", ', 1), encoding="utf-8")


def swap_roles(output: Path) -> None:
    (output / ROLE).rename(output / "third")
    (output / OTHER).rename(output / ROLE)
    (output / "third").rename(output / OTHER)


def swap_policies(output: Path) -> None:
    path, other = output / ROLE / "policy-1.json", output / OTHER / "policy-1.json"
    texts = path.read_bytes(), other.read_bytes()
    path.write_bytes(texts[1])
    other.write_bytes(texts[0])


def value_mutations(output: Path) -> Iterator[tuple[str, Mutation]]:
    """A change to each kind of value in each file: one of those that differ only in their place in a list."""
    seen: set[tuple[str, ...]] = set()
    for path in sorted(path.relative_to(output) for path in output.rglob("*.json")):
        for place in places(read_json(output / path)):
            shape = (path.name, *("*" if isinstance(step, int) else step for step in place))
            if shape not in seen and place[0] not in CHAIN_KEYS:
                seen.add(shape)
                for kind in ("change", "remove"):
                    yield f"{kind} {path} {place}", change_below(path, partial(edit, place=place, how=kind))


def places(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if above:
        yield above
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in steps:
        yield from places(one, (*above, step))


def edit(path: Path, place: tuple[Any, ...], how: str) -> None:
    """Changes or removes the value at a place of a JSON file."""
    whole = read_json(path)
    holder = whole
    for step in place[:-1]:
        holder = holder[step]
    if how == "remove":
        del holder[place[-1]]
    else:
        holder[place[-1]] = other_value(holder[place[-1]])
    write_json(path, whole)


def other_value(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return f"{value}x"
    return [*value, "added"] if isinstance(value, list) else {**value, "added": 1} if value is not None else "x"


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "digests computed again"])
def test_verify_holds_every_change_to_a_file_or_value(world: OutputWorld, tmp_path: Path, sealed: bool) -> None:
    pristine = read_output(world.output)
    mutations = dict([*file_mutations(world.output), *value_mutations(world.output)])
    if sealed:
        del mutations["repeat a key of summary.json"]  # writing digests into it undoes that
    passed = [
        name
        for name, mutation in mutations.items()
        if not is_held(mutated(world, tmp_path, mutation, sealed=sealed), pristine)
    ]
    assert passed == []
    assert len(mutations) > 300
    assert not is_held(mutated(world, tmp_path, lambda _: None, sealed=sealed), pristine)


# ---------------------------------------------------------------- attacks, through the whole command


def add_claimed_action(output: Path) -> None:
    """Adds `iam:CreateAccessKey` to an Allow, with a line of evidence that claims to know why."""
    evidence, policy = read_json(output / ROLE / "evidence.json"), read_json(output / ROLE / "policy-1.json")
    line = next(one for one in evidence["lines"] if one["evidence"][0]["kind"] == "kept")
    resource = "arn:aws:iam::111122223333:user/admin"
    evidence["lines"].append({**line, "sid": "Added", "action": "iam:CreateAccessKey", "resources": [resource]})
    policy["Statement"].append(
        {"Sid": "Added", "Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": resource}
    )
    write_json(output / ROLE / "evidence.json", evidence)
    write_json(output / ROLE / "policy-1.json", policy)


def widen_within_grants(output: Path) -> None:
    """Lets a line reach all that the old policies allowed, with a claim."""
    evidence, policy = read_json(output / ROLE / "evidence.json"), read_json(output / ROLE / "policy-1.json")
    statement = next(one for one in policy["Statement"] if narrowed(one))
    for line in evidence["lines"]:
        if line["sid"] == statement["Sid"]:
            line["resources"] = ["*"]
            line["evidence"] = [{**one, "kind": "kept"} for one in line["evidence"]]
    statement["Resource"] = "*"
    write_json(output / ROLE / "evidence.json", evidence)
    write_json(output / ROLE / "policy-1.json", policy)


def narrowed(statement: dict[str, Any]) -> bool:
    return bool(statement["Effect"] == "Allow" and statement.get("Resource", "*") != "*")


def drop_kept_action(output: Path) -> None:
    """Takes an action that is kept without use out of the policy and the evidence."""
    evidence, policy = read_json(output / ROLE / "evidence.json"), read_json(output / ROLE / "policy-1.json")
    line = next(one for one in evidence["lines"] if one["evidence"][0]["kind"] == "kept")
    evidence["lines"] = [one for one in evidence["lines"] if one["action"] != line["action"]]
    for statement in policy["Statement"]:
        actions = statement["Action"]
        if isinstance(actions, list) and line["action"] in actions:
            actions.remove(line["action"])
    write_json(output / ROLE / "evidence.json", evidence)
    write_json(output / ROLE / "policy-1.json", policy)


def narrow_kept_line(output: Path) -> None:
    """Limits what is kept without use to one resource."""
    evidence, policy = read_json(output / ROLE / "evidence.json"), read_json(output / ROLE / "policy-1.json")
    line = next(one for one in evidence["lines"] if all(reason["kind"] == "kept" for reason in one["evidence"]))
    for statement in policy["Statement"]:
        if statement["Sid"] == line["sid"]:
            statement["Resource"] = "arn:aws:dynamodb:eu-west-1:111122223333:table/one"
    line["resources"] = ["arn:aws:dynamodb:eu-west-1:111122223333:table/one"]
    write_json(output / ROLE / "evidence.json", evidence)
    write_json(output / ROLE / "policy-1.json", policy)


def forge(name: str, key: str, value: object) -> Mutation:
    """Changes a key of a role's evidence, and of its entry in the summary if it has the key too."""

    def change(output: Path) -> None:
        evidence, summary = read_json(output / name / "evidence.json"), read_json(output / "summary.json")
        for entry in (evidence, *(one for one in summary["principals"] if one["folder"] == name)):
            if key in entry:
                entry[key] = value
        write_json(output / name / "evidence.json", evidence)
        write_json(output / "summary.json", summary)

    return change


def forge_line(**values: object) -> Mutation:
    def change(output: Path) -> None:
        evidence = read_json(output / ROLE / "evidence.json")
        evidence["lines"][0]["evidence"][0].update(values)
        write_json(output / ROLE / "evidence.json", evidence)

    return change


def forge_coverage(output: Path) -> None:
    for path in (output / ROLE / "evidence.json", output / "summary.json"):
        document = read_json(path)
        coverage = document["coverage"]
        coverage.get("accounts", [coverage])[0]["covered_days"] += 100
        write_json(path, document)


def forget_role(output: Path) -> None:
    """Removes a role's folder and every word of it."""
    shutil.rmtree(output / ROLE)
    summary = read_json(output / "summary.json")
    summary["principals"] = [one for one in summary["principals"] if one["folder"] != ROLE]
    write_json(output / "summary.json", summary)


def forge_options(output: Path) -> None:
    """Says that the folder was generated with less care than it was."""
    for path in output.rglob("*.json"):
        document = read_json(path)
        if "inputs" in document:
            document["inputs"]["options"]["min_days"] = 1
            write_json(path, document)


ATTACKS: dict[str, Mutation] = {
    "an added action with a claim": add_claimed_action,
    "a line widened within the old grants": widen_within_grants,
    "a kept action dropped": drop_kept_action,
    "a kept line narrowed": narrow_kept_line,
    "forged counts": forge_line(records=7_000),
    "forged dates": forge_line(first_seen="2020-01-01T00:00:00+00:00"),
    "forged coverage": forge_coverage,
    "a forged reason": forge_line(kind="kept", why="agreed with the owner"),
    "a forged safe flag": forge("111122223333-role-search-indexer", "safe", True),
    "forged reasons against": forge("111122223333-role-search-indexer", "not_safe_because", []),
    "another class": forge(ROLE, "class", "sso"),
    "a role's folder removed": lambda output: shutil.rmtree(output / ROLE),
    "a role removed everywhere": forget_role,
    "forged options": forge_options,
    "two roles swapped": swap_roles,
}


def test_verify_finds_every_attack(world: OutputWorld, tmp_path: Path) -> None:
    pristine = read_output(world.output)
    passed = [
        (name, sealed)
        for name, mutation in ATTACKS.items()
        for sealed in (False, True)
        if not is_held(mutated(world, tmp_path, mutation, sealed=sealed), pristine)
    ]
    assert passed == []


WHOLE = ("an added action with a claim", "a kept line narrowed", "a forged safe flag", "forged options")
"""Attacks that go through the whole command: the others ask the same checks of what it reads."""


def test_verify_generates_again_and_finds_attacks_with_fitting_digests(world: OutputWorld, tmp_path: Path) -> None:
    assert world.verify(world.output).status is CheckStatus.PASSED
    for name in WHOLE:
        result = world.verify(mutated(world, tmp_path, ATTACKS[name], sealed=True))
        unchanged, again = result.checks
        assert (unchanged.name, unchanged.status) == (UNCHANGED, CheckStatus.PASSED)
        assert (again.name, again.status) == (REPRODUCED, CheckStatus.FAILED), name
        assert result.status is CheckStatus.FAILED


def test_verify_names_what_was_changed_added_and_removed(world: OutputWorld, tmp_path: Path) -> None:
    def change(output: Path) -> None:
        shutil.rmtree(output / OTHER)
        shutil.copytree(output / ROLE, output / "copy")
        (output / ROLE / "policy-1.json").write_text("{}", encoding="utf-8")
        (output / ROLE / "evidence.json").unlink()
        (output / ROLE / "notes.txt").write_text("x", encoding="utf-8")
        (output / "link").symlink_to(output)

    result = world.verify(mutated(world, tmp_path, change, sealed=False))
    assert result.status is CheckStatus.FAILED
    assert next(check for check in result.checks if check.name == UNCHANGED).findings == (
        "`link` isn't a file that lpgen writes",
        f"`{OTHER}/` is missing",
        f"`{ROLE}/evidence.json` is missing",
        f"`{ROLE}/notes.txt` was added",
        f"`{ROLE}/policy-1.json` was changed",
        "`copy/` was added",
    )
