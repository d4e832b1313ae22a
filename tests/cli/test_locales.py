"""No locale ends a command: what its encoding lacks is written otherwise."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.test_main import DETAILS, RECORD
from tests.support.forked_lpgen import run_forked, run_forked_bytes

LOCALES = {
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "utf-16": {"PYTHONIOENCODING": "utf-16"},
    "LC_ALL=C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
NAME = "Ωmega-😀"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data folder, and a policy whose name and Sid no old encoding has."""
    folder = tmp_path_factory.mktemp("locales")
    details = json.dumps(DETAILS, ensure_ascii=False).replace("own", NAME)
    assert NAME in details
    (folder / "policies.json").write_text(details, encoding="utf-8")
    (folder / "log.json").write_text(json.dumps({"Records": [RECORD]}), encoding="utf-8")
    run_forked("ingest", folder / "log.json", "--data", folder / "data").check_returncode()
    run_forked("baseline", "save", "first", *ground(folder)).check_returncode()
    return folder


def ground(home: Path) -> tuple[str, ...]:
    """The options that name the data and the policies."""
    return ("--data", str(home / "data"), "--policies", str(home / "policies.json"))


QUICK = ("ascii", "review")
CASES = [
    (locale, command) for locale in LOCALES for command in ("review", "drift", "wildcards", "review --format markdown")
]


@pytest.mark.parametrize(
    ("locale", "command"), [case if case == QUICK else pytest.param(*case, marks=pytest.mark.slow) for case in CASES]
)
def test_no_locale_ends_a_command(locale: str, command: str, home: Path) -> None:
    encoding = {"LC_ALL=C": "ascii"}.get(locale, locale)
    done = run_forked_bytes(*command.split(), *ground(home), env={**os.environ, **LOCALES[locale]})
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    shown = done.stdout.decode(encoding)
    assert shown.startswith(("lpgen", "# lpgen"))
    if command == "review":
        assert ("-- Next steps" in shown) is (encoding != "utf-16")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "html", "sarif"])
def test_json_and_html_are_utf_8_in_every_locale(form: str, home: Path) -> None:
    expected = run_forked_bytes("review", *ground(home), "--format", form).stdout
    for variables in LOCALES.values():
        done = run_forked_bytes("review", *ground(home), "--format", form, env={**os.environ, **variables})
        assert (done.returncode, done.stdout == expected) == (0, True)
