"""Every output counts the same: a number of one name has one value, wherever lpgen prints it.

What must be equal, on the sample organization and on a made-up account:

- *Granted*, *used*, *kept* and *removed* of a principal are actions, counted here again from the verdicts of the JSON
  review and from the documents that `lpgen generate` writes. Kept are the granted actions that stay, in the replacement
  or in a policy that stays attached, so granted = kept + removed. *Kept without recorded use* are those of the kept
  that no record shows. *Dangerous* are the dangerous actions among the removed.
- The tables of the screen, of `--full`, Markdown and HTML have these numbers for each principal, and each principal's
  section repeats them.
- A total is the sum over the principals with a replacement, or over all principals, but the same one in the screen,
  `--full`, Markdown, HTML, JSON and `summary.json`.
- The numbers of principals, replacements and safe and unsafe replacements are the same in all of these, in the message
  of `lpgen generate`, in baselines and in a rollout plan.
- A baseline and drift count the actions granted to all principals; where that isn't a review's total, the line says so.
"""

from __future__ import annotations

import fnmatch
import html
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.forked_lpgen import run_forked
from tests.support.sample_organization import ROOT as SAMPLE
from tests.support.small_organization import write_small_organization

pytestmark = pytest.mark.timeout(300)

Json = dict[str, Any]

WORDS: Final = ("granted", "used", "kept", "removed", "dangerous")
UNSEEN: Final = "kept without recorded use"
NUMBER: Final = r"(?<![\w.,%-])(\d[\d,]*)"
SENTENCES: Final = {
    "principals": rf"{NUMBER} principals?, ",
    "replacements": rf"{NUMBER} replacements?\b",
    "safe": rf"{NUMBER} (?:called )?safe\b(?! replacements?, which)",
    "not safe yet": rf"{NUMBER} not safe yet",
    "granted": rf"{NUMBER} (?:actions )?granted\b",
    "used": rf"{NUMBER} (?:actions )?used\b(?! or| too)",
    "kept": rf"(?:{NUMBER} (?:more |actions )*kept\b(?! without)|granted actions down to {NUMBER})",
    UNSEEN: rf"{NUMBER} (?:more |actions? )*kept without (?:recorded|seen) use",
    "removed": rf"{NUMBER} (?:actions )?removed\b",
    "dangerous": rf"{NUMBER} dangerous (?=grants|actions|permissions)|{NUMBER} dangerous\)",
}
"""How a sentence gives a number; each place in which it does has to be right."""

COLUMNS: Final = {"granted": "granted", "used": "used", "kept": "kept", "removed": "removed"}
"""What the columns of tables count."""

NO_NUMBER: Final = frozenset("–-")


@dataclass(frozen=True, slots=True)
class Count:
    """The numbers of one principal, counted from verdicts and documents."""

    has_replacement: bool
    is_in_place: bool
    numbers: Mapping[str, int]


@dataclass(frozen=True, repr=False)
class Outputs:
    """What the commands print on one organization."""

    folder: Path
    screen: str
    full: str
    markdown: str
    html: str
    review: Json
    generated: str
    saved: str
    shown: str
    listed: str
    drift: Json
    planned: str
    plan: Json

    @property
    def summary(self) -> Json:
        """The `summary.json` of the output folder."""
        return _read(self.folder / "summary.json")

    @cached_property
    def counts(self) -> dict[str, Count]:
        """Each principal's numbers, by its ARN."""
        folders = {principal["principal"]: principal["folder"] for principal in self.summary["principals"]}
        return {
            principal["principal"]: self._count(principal, folders[principal["principal"]])
            for principal in self.review["principals"]
        }

    def _count(self, principal: Json, folder: str | None) -> Count:
        granted = {row["action"]: row for row in principal["verdicts"] if row["verdict"] != "ungranted"}
        used = {action for action, row in granted.items() if row["verdict"] == "used"}
        numbers = {"granted": len(granted), "used": len(used)}
        if folder is None:
            return Count(False, False, numbers | {"kept": len(granted), "removed": 0, "dangerous": 0})
        allowed = {pattern.lower() for pattern in self._allowed(folder)}
        patterns = [re.compile(fnmatch.translate(pattern)) for pattern in allowed if set("*?") & set(pattern)]
        kept = {
            action
            for action in granted
            if action.lower() in allowed or any(pattern.match(action.lower()) for pattern in patterns)
        }
        removed = granted.keys() - kept
        shown = {action for action in kept if granted[action]["verdict"] in ("used", "attempted")}
        return Count(
            True,
            principal["in_place"],
            numbers
            | {
                "kept": len(kept),
                "removed": len(removed),
                "dangerous": sum(bool(granted[action]["danger"]) for action in removed),
                UNSEEN: len(kept - shown),
            },
        )

    def _allowed(self, folder: str) -> Iterator[str]:
        """The actions and patterns that a principal's documents allow, those of policies left attached included."""
        evidence = _read(self.folder / folder / "evidence.json")
        paths = [self.folder / folder / policy["file"] for policy in evidence["policies"]]
        paths += [self.folder / left["file"] for left in evidence["left_attached"]]
        for path in paths:
            for statement in _as_list(_read(path)["Statement"]):
                if statement["Effect"] == "Allow":
                    assert "NotAction" not in statement, path
                    yield from _as_list(statement["Action"])

    @cached_property
    def replaced(self) -> dict[str, Count]:
        """The principals with a replacement, with those whose replacement is in place if the JSON counts them."""
        every = {arn: count for arn, count in self.counts.items() if count.has_replacement}
        others = {arn: count for arn, count in every.items() if not count.is_in_place}
        return others if self.review["totals"]["replacements"] == len(others) else every

    @cached_property
    def totals(self) -> dict[str, int]:
        """The totals that all outputs have to share: those of the JSON review."""
        totals = self.review["totals"]
        return {word: totals[word] for word in WORDS}

    def sums(self, words: Sequence[str] = WORDS, *, of_all: bool = False) -> dict[str, int]:
        """The sums of all principals, or of those with a replacement."""
        counts = (self.counts if of_all else self.replaced).values()
        return {word: sum(count.numbers[word] for count in counts) for word in words}

    @cached_property
    def facts(self) -> dict[str, int]:
        """The numbers of principals and replacements."""
        to_do = [principal for principal in self.review["principals"] if not principal["in_place"]]
        return {
            "principals": len(self.counts),
            "replacements": len(self.replaced),
            "safe": sum(principal["safe"] is True for principal in to_do),
            "not safe yet": sum(principal["safe"] is False for principal in to_do),
        }


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _read(path: Path) -> Json:
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found


# ---------------------------------------------------------------- the two organizations


@pytest.fixture(scope="session")
def of_sample(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    """The outputs on the sample organization."""
    home = tmp_path_factory.mktemp("sample-numbers")
    shutil.copytree(sample_data, home / "data")
    return run_commands(home, SAMPLE / "authorization-details")


@pytest.fixture(scope="session")
def of_account(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    """The outputs on the made-up account."""
    home = tmp_path_factory.mktemp("account-numbers")
    organization = write_small_organization(home)
    run_forked("ingest", organization.logs, "--data", "data", cwd=home).check_returncode()
    return run_commands(home, organization.policies)


@pytest.fixture(params=["account", pytest.param("sample", marks=pytest.mark.slow)])
def outputs(request: pytest.FixtureRequest) -> Outputs:
    """The outputs on each of the two organizations."""
    found: Outputs = request.getfixturevalue(f"of_{request.param}")
    return found


def run_commands(home: Path, policies: Path) -> Outputs:
    """Runs the commands whose numbers are compared, in a folder with the data folder `data`."""
    ground = ("--data", "data", "--policies", str(policies))

    def lpgen(*arguments: str) -> str:
        done = run_forked(*arguments, cwd=home)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def formatted(command: str, form: str, *more: str) -> str:
        name = f"{command.replace(' ', '-')}.{form}"
        lpgen(*command.split(), *ground, "--output", name, *more)
        return (home / name).read_text(encoding="utf-8")

    generated = lpgen("generate", *ground, "--output", "out")
    saved = lpgen("baseline", "save", "first", *ground)
    planned = lpgen("rollout", "plan", "out", *ground, "--output", "plan.json")
    return Outputs(
        folder=home / "out",
        screen=lpgen("review", *ground),
        full=formatted("review", "txt"),
        markdown=formatted("review", "md"),
        html=formatted("review", "html"),
        review=json.loads(formatted("review", "json")),
        generated=generated,
        saved=saved,
        shown=lpgen("baseline", "show", "--data", "data"),
        listed=lpgen("baseline", "list", "--data", "data"),
        drift=json.loads(formatted("drift", "json")),
        planned=planned,
        plan=_read(home / "plan.json"),
    )


# ---------------------------------------------------------------- reading numbers


def number(text: str) -> int:
    """A number as reports print it."""
    return int(text.replace(",", ""))


def numbers_in(text: str, word: str) -> list[int]:
    """The numbers that a text gives by this word."""
    plain = " ".join(text.replace("**", "").split())
    matches = re.finditer(SENTENCES[word], plain)
    return [number(next(group for group in match.groups() if group)) for match in matches]


def head_of(text: str) -> str:
    """What stands before the first list or table of a report: its result."""
    kept: list[str] = []
    for part in re.split(r"(?m)^(?=── |## |<details)", text):
        if re.search(r"\bprincipals?, ", part) and "replacement" in part:
            (result,) = re.findall(r"(?ms)^\W*\d[\d,]* principals?, .*", part)
            kept.append(result)
    return "\n".join(kept)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table of principals: the account in whose part it stands, the name, and cells by heading."""

    account: str
    name: str
    cells: Mapping[str, str]

    def is_of(self, arn: str) -> bool:
        """Whether it names this principal; the screen writes `…` for what there is no room for."""
        kind, _, path = arn.split(":", 5)[5].partition("/")
        whole, short = f"{kind}/{path}", f"{kind}/{path.rpartition('/')[2]}"
        return self.account in ("", arn.split(":")[4]) and any(
            fnmatch.fnmatchcase(name, self.name.replace("…", "*")) for name in (whole, short)
        )


def rows_of_text(text: str) -> Iterator[Row]:
    """The rows of the tables of principals of a text, names that go on in the next line joined."""
    headings: list[str] = []
    account, row = "", None
    for line in text.splitlines():
        cells = re.split(r"\s{2,}", line.strip())
        if heading := re.match(r"account (\d{12})", line):
            account = heading[1]
        elif cells[0] == "principal" and "granted" in cells:
            headings = cells
        elif headings and len(cells) == len(headings):
            if row:
                yield row
            row = Row(account, cells[0], dict(zip(headings, cells, strict=True)))
        elif headings and row and len(cells) == 1 and cells[0] and " " not in cells[0] and "─" not in cells[0]:
            row = Row(row.account, row.name + cells[0], row.cells)
        elif "─" not in line:
            if row:
                yield row
            headings, row = [], None


def rows_of_markdown(text: str) -> Iterator[Row]:
    """The rows of the tables of principals of Markdown."""
    headings: list[str] = []
    account = ""
    for line in text.splitlines():
        cells = [cell.strip(" *`") for cell in line.strip().strip("|").split("|")]
        if heading := re.match(r"#+ account `(\d{12})`", line):
            account = heading[1]
        elif cells[0] == "principal" and "granted" in cells:
            headings = cells
        elif headings and len(cells) == len(headings) and not line.startswith("| ---"):
            yield Row(account, cells[0], dict(zip(headings, cells, strict=True)))
        elif not line.startswith("|"):
            headings = []


def rows_of_html(text: str) -> Iterator[Row]:
    """The rows of the table of principals of a page."""
    (table,) = re.findall(r"<noscript>.*?<table[^>]*>(.*?)</table>", text, re.S)
    headings = [words(cell) for cell in re.findall(r"<th scope=\"col\".*?>(.*?)</th>", table, re.S)]
    for row in re.findall(r"<tr data-arn.*?</tr>", table, re.S):
        (arn,) = re.findall(r'data-arn="(.*?)"', row)
        cells = [words(cell) for cell in re.findall(r"<t[hd]\b.*?>(.*?)</t[hd]>", row, re.S)]
        _, _, _, _, account, name = html.unescape(arn).split(":", 5)
        yield Row(account, name, dict(zip(headings, cells, strict=True)))


def words(markup: str) -> str:
    """The text of markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def wrong_rows(rows: Iterable[Row], outputs: Outputs) -> list[str]:
    """The cells that aren't what was counted. A principal without a replacement keeps all, so it may leave them out."""
    wrong = []
    for row in rows:
        (arn,) = (arn for arn in outputs.counts if row.is_of(arn))
        count = outputs.counts[arn]
        for heading, word in COLUMNS.items():
            cell = row.cells.get(heading, row.cells.get(word, ""))
            is_known = count.has_replacement or word in ("granted", "used")
            if is_known and (cell in NO_NUMBER or number(cell) != count.numbers[word]):
                wrong.append(f"{row.name}: {word} {cell}, counted {count.numbers[word]:,}")
    return wrong


def wrong_sentences(text: str, expected: Mapping[str, int], needed: Iterable[str]) -> list[str]:
    """The numbers of a text that aren't as expected, and the words for which it has none."""
    found = {word: numbers_in(text, word) for word in expected}
    missing = [f"no number of {word}" for word in needed if not found[word]]
    return missing + [
        f"{word} {wrong:,}, counted {expected[word]:,}"
        for word, values in found.items()
        for wrong in values
        if wrong != expected[word]
    ]


# ---------------------------------------------------------------- the promises


@pytest.mark.parametrize("word", [*WORDS, UNSEEN])
def test_json_counts_each_principal_as_its_documents_do(word: str, outputs: Outputs) -> None:
    keys = {UNSEEN: "kept_unseen"}
    wrong = [
        f"{principal['principal']}: {principal['counts'][keys.get(word, word)]}, counted {count.numbers[word]}"
        for principal in outputs.review["principals"]
        if (count := outputs.counts[principal["principal"]]).has_replacement or word in ("granted", "used")
        if principal["counts"][keys.get(word, word)] != count.numbers[word]
    ]
    assert not wrong, "\n".join(wrong)


def test_what_is_granted_is_kept_or_removed(outputs: Outputs) -> None:
    assert len(outputs.replaced) >= 5
    counts = {principal["principal"]: principal["counts"] for principal in outputs.review["principals"]}
    wrong = {
        arn: {word: counts[arn][word] for word in ("granted", "kept", "removed")}
        for arn in outputs.replaced
        if counts[arn]["granted"] != counts[arn]["kept"] + counts[arn]["removed"]
    }
    assert wrong == {}


def test_totals_are_sums_of_the_same_principals(outputs: Outputs) -> None:
    assert outputs.totals in (outputs.sums(), outputs.sums(of_all=True))
    assert outputs.totals["granted"] == outputs.totals["kept"] + outputs.totals["removed"]


def test_summary_of_the_output_folder_counts_as_the_json_review_does(outputs: Outputs) -> None:
    assert outputs.summary["totals"] == outputs.review["totals"]
    counted = {principal["principal"]: principal["counts"] for principal in outputs.summary["principals"]}
    assert counted == {principal["principal"]: principal["counts"] for principal in outputs.review["principals"]}


@pytest.mark.parametrize("form", ["screen", "full", "markdown"])
def test_result_has_the_totals_of_the_json_review(form: str, outputs: Outputs) -> None:
    head = head_of(getattr(outputs, form))
    expected = outputs.facts | outputs.totals | outputs.sums([UNSEEN])
    needed = ["principals", "replacements", "safe", "granted", "kept", "dangerous"]
    wrong = wrong_sentences(head, expected, needed)
    assert not wrong, "\n".join([*wrong, head])


def test_screen_says_all_totals(outputs: Outputs) -> None:
    head = head_of(outputs.screen)
    assert [word for word in (*WORDS, "not safe yet") if not numbers_in(head, word)] == [], head


def test_page_has_the_totals_of_the_json_review(outputs: Outputs) -> None:
    (lead,) = re.findall(r'<section class="lead">(.*?)</section>', outputs.html, re.S)
    (numbers,) = re.findall(r'<section class="numbers"[^>]*>(.*?)</section>', outputs.html, re.S)
    (before,) = re.findall(r"</h2>(.*?)<dl", numbers, re.S)
    (bar,) = re.findall(r'<figure class="whole">(.*?)</figure>', outputs.html, re.S)
    (figures,) = re.findall(r'<dl class="figures">(.*?)</dl>', outputs.html, re.S)
    expected = outputs.facts | outputs.totals | outputs.sums([UNSEEN])
    said = " . ".join(words(part) for part in (lead, before, bar))
    wrong = wrong_sentences(said, expected, ["principals", "replacements", "granted", "removed"])
    assert not wrong, "\n".join([*wrong, said])
    pairs = re.findall(r"<dt>(.*?)</dt><dd><b>(.*?)</b><span>(.*?)</span>", figures)
    shown = {words(name): (words(value), words(more)) for name, value, more in pairs}
    assert shown["safe replacements"] == (f"{outputs.facts['safe']}", f"of {outputs.facts['replacements']}")
    assert number(shown["granted actions"][0]) == outputs.totals["granted"]
    assert number(shown["granted actions"][1].split()[0]) == outputs.totals["kept"]
    assert number(shown["dangerous grants removed"][0]) == outputs.totals["dangerous"]


def test_tables_have_the_numbers_of_each_principal(outputs: Outputs) -> None:
    tables = {
        "screen": list(rows_of_text(outputs.screen)),
        "full": list(rows_of_text(outputs.full)),
        "markdown": list(rows_of_markdown(outputs.markdown)),
        "html": list(rows_of_html(outputs.html)),
    }
    assert [len(tables[form]) for form in ("full", "markdown", "html")] == [len(outputs.counts)] * 3
    assert tables["screen"]
    wrong = [f"{form}: {cell}" for form, rows in tables.items() for cell in wrong_rows(rows, outputs)]
    assert not wrong, "\n".join(wrong)


def test_screen_says_how_many_principals_it_leaves_out(outputs: Outputs) -> None:
    shown = len(list(rows_of_text(outputs.screen)))
    left = re.search(r"and (\d+) more principals?: ([\s\S]*?)\n\n", outputs.screen)
    if left:
        assert shown + int(left[1]) == len(outputs.counts)
        assert sum(int(found) for found in re.findall(r"(\d+) [a-zA-Z]", left[2])) == int(left[1])
    else:
        assert shown == len(outputs.counts)


@pytest.mark.parametrize("form", ["full", "markdown"])
def test_sections_of_principals_repeat_their_numbers(form: str, outputs: Outputs) -> None:
    text = getattr(outputs, form)
    sections = list(sections_of(text, outputs.replaced))
    assert len({arn for arn, _ in sections}) == len(sections) > len(outputs.replaced) / 4
    assert len(sections) == len(outputs.replaced) or form == "markdown", "only Markdown may be cut"
    wrong = [f"{arn}: {one}" for arn, text in sections for one in wrong_section(text, outputs.replaced[arn].numbers)]
    assert not wrong, "\n".join(wrong)


def sections_of(text: str, arns: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The section of each principal: from its title on, which its ARN follows."""
    parts = re.split(r"(?m)^(?=━━ |<details><summary><code>)", text)
    for arn in arns:
        for part in parts:
            begin = "".join(part.partition("Proposal")[0].splitlines()[1:5]).replace(" ", "")
            if re.search(rf"{re.escape(arn)}(?=AROA|AIDA|[^\w/.-]|$)", begin):
                yield arn, part


def wrong_section(text: str, numbers: Mapping[str, int]) -> list[str]:
    """What a principal's section counts otherwise."""
    wrong = []
    title = text.partition("\n")[0]
    if "→" in title and (counted := re.search(rf"{NUMBER} → {NUMBER} actions?", title)):
        wrong += [f"title {counted[0]}"] * (
            (number(counted[1]), number(counted[2])) != (numbers["granted"], numbers["kept"])
        )
    said = " ".join(text.replace("*", "").split())
    (sentence,) = re.findall(r"(\d[\d,]* actions? granted,.*?\.) ", said)
    begin = sentence.partition("(")[0]
    found = {
        "granted": re.findall(rf"{NUMBER} actions? granted", begin),
        "kept": re.findall(rf"{NUMBER} (?:in the replacement|kept)", begin),
        "removed": re.findall(rf"{NUMBER} removed", begin),
    }
    for word, values in found.items():
        if [number(value) for value in values] != [numbers[word]]:
            wrong.append(f"`{begin}`: {word}, counted {numbers[word]:,}")
    for parts in re.findall(r"In the replacement: (\d[^.]*)\.", said):
        if sum(number(value) for value in re.findall(rf"{NUMBER} actions?", parts)) != numbers["kept"]:
            wrong.append(f"`{parts}`, counted {numbers['kept']:,}")
    unseen = [number(value) for value in re.findall(r"Kept without (?:seen|recorded) use \((\d[\d,]*)\)", said)]
    unseen += numbers_in(said, UNSEEN)
    wrong += [f"{UNSEEN} {value:,}, counted {numbers[UNSEEN]:,}" for value in unseen if value != numbers[UNSEEN]]
    return wrong


def test_step_says_what_the_safe_replacements_remove(outputs: Outputs) -> None:
    safe = [
        principal["principal"]
        for principal in outputs.review["principals"]
        if principal["safe"] and not principal["in_place"]
    ]
    removed = sum(outputs.counts[arn].numbers["removed"] for arn in safe)
    said = {form: " ".join(getattr(outputs, form).replace("**", "").split()) for form in ("screen", "full", "markdown")}
    said["html"] = words(outputs.html)
    found = {
        form: re.findall(rf"{NUMBER} safe replacements?\b.{{0,30}}?\bremoves? {NUMBER}", text)
        for form, text in said.items()
    }
    expected = [(f"{len(safe)}", f"{removed:,}")]
    assert found == dict.fromkeys(said, expected)


def test_generate_says_the_numbers_of_the_review(outputs: Outputs) -> None:
    first = outputs.generated.partition("\n")[0]
    assert wrong_sentences(first, {word: outputs.facts[word] for word in ("replacements", "safe")}, ["safe"]) == []
    assert numbers_in(first, "replacements") == numbers_in(head_of(outputs.screen), "replacements")[:1]
    folders = [principal for principal in outputs.summary["principals"] if principal["folder"]]
    assert {principal["principal"] for principal in folders} >= outputs.replaced.keys()
    assert outputs.generated.count("\n  not safe yet: ") == outputs.facts["not safe yet"]


def test_rollout_plan_plans_or_refuses_each_replacement(outputs: Outputs) -> None:
    (planned, refused) = re.findall(r"(\d+) principals? to roll out.*?(\d+) refused", outputs.planned)[0]
    assert int(planned) + int(refused) == outputs.facts["replacements"] == len(outputs.plan["principals"])
    safe = {principal["principal"] for principal in outputs.review["principals"] if principal["safe"]}
    assert {principal["principal"] for principal in outputs.plan["principals"] if principal["safe"]} == safe
    unsafe = re.findall(r"refused, not called safe \((\d+)\)", outputs.planned)
    assert [int(found) for found in unsafe] == [outputs.facts["not safe yet"]]


def test_baseline_counts_as_the_review_does(outputs: Outputs) -> None:
    facts = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in outputs.shown.splitlines())
    granted, principals = outputs.sums(of_all=True)["granted"], outputs.facts["principals"]
    assert re.findall(r"(\d+) principals", outputs.saved) == [str(principals)]
    assert f"{granted:,} grants" in outputs.saved or f"{granted:,} granted" in outputs.saved
    assert re.findall(r"(\d+) principals", facts["policies"]) == [str(principals)]
    assert re.findall(r"\d+", facts["proposals"])[:2] == [
        str(outputs.facts["replacements"]),
        str(outputs.facts["safe"]),
    ]
    assert number(facts["granted"].split()[0]) == granted
    listed = [re.split(r"\s{2,}", line.strip()) for line in outputs.listed.splitlines() if "─" not in line]
    row = dict(zip(listed[0], listed[1], strict=True))
    assert (number(row["principals"]), number(row["granted"])) == (principals, granted)


def test_baseline_says_whose_grants_it_counts_where_the_review_counts_fewer(outputs: Outputs) -> None:
    (line,) = (line for line in outputs.shown.splitlines() if line.startswith("granted"))
    assert outputs.totals["granted"] == outputs.sums(of_all=True)["granted"] or "principals" in line, line


def test_drift_counts_as_the_baseline_does(outputs: Outputs) -> None:
    assert outputs.drift["findings"] == []
    figures = [outputs.drift[side]["figures"] for side in ("before", "after")]
    figures += [point["figures"] for point in outputs.drift["trend"]]
    everything = [row for principal in outputs.review["principals"] for row in principal["verdicts"]]
    expected = {
        "principals": outputs.facts["principals"],
        "granted": outputs.sums(of_all=True)["granted"],
        "unused": sum(row["verdict"] == "unused" for row in everything),
        "dangerous_unused": sum(
            bool(row["danger"]) and row["verdict"] in ("unused", "unobservable") for row in everything
        ),
    }
    assert [{word: found[word] for word in expected} for found in figures] == [expected] * len(figures)
    shown = " ".join(outputs.shown.split())
    assert f"unused {expected['unused']:,}; dangerous without recorded use: {expected['dangerous_unused']:,}" in shown
