"""The GitHub Action runs nothing of the checkout that it works on: neither modules nor what settings of uv name."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from tests.attack.fuzz.world import world
from tests.attack.score import Attack
from tests.support.documents import ROOT
from tests.support.planted_modules import marked, names_of_modules, plant

pytestmark = pytest.mark.slow

PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """
import zipfile

FILES = {{
    "probe.py": "import os, sys\\n\\ndef main():\\n    os.execv({lpgen!r}, [{lpgen!r}, *sys.argv[1:]])\\n",
    "probe-1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: probe\\nVersion: 1\\n",
    "probe-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "probe-1.dist-info/entry_points.txt": "[console_scripts]\\nlpgen = probe:main\\n",
    "probe-1.dist-info/RECORD": "",
}}

def build_wheel(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{{folder}}/probe-1-py3-none-any.whl", "w") as wheel:
        for name, text in FILES.items():
            wheel.writestr(name, text)
    return "probe-1-py3-none-any.whl"
"""
"""A project that pip builds and installs without network, whose command is the lpgen of this environment."""


@pytest.fixture
def runner(tmp_path: Path) -> dict[str, str]:
    """The variables of a runner, with the action in a folder of its own and a checkout as the current folder."""
    action, checkout = tmp_path / "action", tmp_path / "checkout"
    for folder in (action, checkout, tmp_path / "temp"):
        folder.mkdir()
    (action / ".ci").symlink_to(ROOT / ".ci")
    (action / "pyproject.toml").write_text(PROJECT)
    (action / "backend.py").write_text(BACKEND.format(lpgen=str(Path(sys.executable).with_name("lpgen"))))
    for name in ("data", "policies.json"):
        source = world() / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, checkout / name)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "UV_", "PIP_"))}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "GITHUB_ACTION_PATH": str(action),
        "RUNNER_TEMP": str(tmp_path / "temp"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }


def run_step(
    name: str, variables: Mapping[str, str], checkout: Path, **inputs: str
) -> subprocess.CompletedProcess[str]:
    """Runs a step of the action as a runner does, with the inputs in its variables."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    (step,) = (step for step in steps if step["name"] == name)
    own = {
        key: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: inputs.get(found[1], ""), str(value))
        for key, value in step.get("env", {}).items()
    }
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
    return subprocess.run(
        command, env={**variables, **own}, cwd=checkout, capture_output=True, text=True, check=False, timeout=250
    )


def test_the_action_runs_no_module_of_the_checkout(
    runner: dict[str, str], tmp_path: Path, attack: Callable[[str], Attack]
) -> None:
    checkout, mark, names = tmp_path / "checkout", tmp_path / "mark", names_of_modules() | {"pip", "venv", "virtualenv"}
    plant(checkout, names, mark)
    inputs = {"command": "review", "data": "data", "policies": "policies.json"}
    with attack("planted modules: GitHub Action") as one:
        for step in ("Install lpgen", "Run lpgen"):
            mark.unlink(missing_ok=True)
            done = run_step(step, runner, checkout, **inputs)
            ran = marked(mark)
            for name in names:
                one.add(f"{step} ran {name}", held=name not in ran)
            assert ran or done.returncode == 0, done.stdout + done.stderr
    assert "exit-code=0\n" in (tmp_path / "output").read_text()


@pytest.fixture
def index() -> Iterator[tuple[str, list[str]]]:
    """A package index that nobody should ask, and what it was asked for."""
    asked: list[str] = []

    class Index(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/simple", asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("settings", ["uv.toml", "pyproject.toml"])
def test_the_action_installs_nothing_from_an_index_that_the_checkout_names(
    runner: dict[str, str], tmp_path: Path, index: tuple[str, list[str]], settings: str, attack: Callable[[str], Attack]
) -> None:
    """Where Python can't make an environment with pip, uv makes it, and takes pip from an index."""
    address, asked = index
    text = json.dumps(address)
    lines = {"uv.toml": f"index-url = {text}\n", "pyproject.toml": f"[tool.uv]\nindex-url = {text}\n"}
    (tmp_path / "checkout" / settings).write_text(lines[settings])
    programs = tmp_path / "programs"
    programs.mkdir()
    for tool in ("sh", "bash", "rm", "mktemp", "env", "cat", "uv"):
        found = shutil.which(tool, path=runner["PATH"])
        assert found, tool
        (programs / tool).symlink_to(found)
    python = programs / "python3"
    python.write_text(f'#!/bin/sh\ncase " $* " in *" -m v"*) exit 1 ;; esac\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    alone = {**runner, "PATH": str(programs), "UV_CACHE_DIR": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "UV_HTTP_RETRIES": "0"}
    with attack("planted settings: GitHub Action") as one:
        run_step("Install lpgen", {**alone, **nowhere}, tmp_path / "checkout")
        one.add(f"the index of {settings} was asked for {asked}", held=not asked)
