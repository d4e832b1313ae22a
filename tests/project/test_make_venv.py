"""`.ci/make_venv` on machines that lack one thing or another, played by small programs on an otherwise empty path."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documents import ROOT

SCRIPT = ROOT / ".ci" / "make_venv"
TOOLS = ("sh", "rm", "mktemp", "env", "cat")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder that is the whole PATH, with the shell's own tools."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    return folder


def add_program(path: Path, name: str, script: str) -> None:
    program = path / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


MAKE = """
import pathlib, sys
folder = pathlib.Path(sys.argv[-1])
(folder / "bin").mkdir(parents=True)
(folder / "pyvenv.cfg").touch()
(folder / "bin" / "python").write_text(f'#!/bin/sh\\nexec "{sys.executable}" "$@"\\n')
(folder / "bin" / "python").chmod(0o755)
"""
"""Makes what passes for a virtual environment in the folder given last; a machine may lack the real thing."""


def add_maker(path: Path) -> str:
    """A command that makes an environment in the folder given last."""
    (path.parent / "make.py").write_text(MAKE)
    return f'"{sys.executable}" "{path.parent}/make.py"'


def add_python(path: Path, name: str, *, lacks: str = "") -> None:
    """A Python that makes an environment with venv, unless it lacks that; `lacks` names modules that it can't run."""
    lines = (
        f'case " {lacks} " in *" $2 "*) exit 1 ;; esac',
        f'if [ "$1 $2" = "-m venv" ]; then exec {add_maker(path)} "$@"; fi',
        f'exec "{sys.executable}" "$@"',
    )
    add_program(path, name, "\n".join(lines))


def make_venv(path: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, folder], env={"PATH": str(path)}, capture_output=True, text=True, check=False)


def has_pip(folder: Path) -> bool:
    """Whether there is an environment with pip."""
    return (
        subprocess.run(
            [folder / "bin" / "python", "-m", "pip", "--version"], capture_output=True, check=False
        ).returncode
        == 0
    )


def test_python_with_venv_makes_the_environment_once(path: Path, tmp_path: Path) -> None:
    add_python(path, "python3.12")
    made = make_venv(path, tmp_path / "venv")
    assert (made.returncode, made.stderr) == (0, "")
    assert has_pip(tmp_path / "venv")
    (tmp_path / "venv" / "kept").write_text("")
    assert make_venv(path, tmp_path / "venv").returncode == 0
    assert (tmp_path / "venv" / "kept").exists()


def test_python_that_cannot_is_passed_over_for_one_that_can(path: Path, tmp_path: Path) -> None:
    add_program(path, "python3.13", "echo 'version not installed' >&2; exit 127")
    add_python(path, "python3.12", lacks="venv virtualenv")
    add_python(path, "python3")
    assert make_venv(path, tmp_path / "venv").returncode == 0
    assert has_pip(tmp_path / "venv")


@pytest.mark.parametrize("tool", ["virtualenv", "uv"])
def test_other_tool_helps_where_venv_fails(path: Path, tmp_path: Path, tool: str) -> None:
    add_python(path, "python3", lacks="venv virtualenv")
    wanted = f'case "$*" in *"--python {path}/python3"*) ;; *) exit 1 ;; esac'
    add_program(path, tool, f'{wanted}\nexec {add_maker(path)} "$@"')
    made = make_venv(path, tmp_path / "venv")
    assert made.returncode == 0, made.stderr
    assert has_pip(tmp_path / "venv")


def test_package_to_install_is_named_where_nothing_helps(path: Path, tmp_path: Path) -> None:
    add_python(path, "python3", lacks="venv virtualenv")
    made = make_venv(path, tmp_path / "venv")
    assert made.returncode == 1
    assert f"apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv" in made.stderr
    assert not (tmp_path / "venv").exists()


def test_old_python_does_not_count(path: Path, tmp_path: Path) -> None:
    add_program(path, "python3", "exit 1")
    made = make_venv(path, tmp_path / "venv")
    assert made.returncode == 1
    assert "needs Python 3.11 or newer" in made.stderr


def test_folder_that_is_no_environment_is_left_alone(path: Path, tmp_path: Path) -> None:
    add_python(path, "python3")
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "precious").write_text("")
    assert make_venv(path, tmp_path / "venv").returncode == 1
    assert (tmp_path / "venv" / "precious").exists()


# ---------------------------------------------------------------- a Python of one version

FIND = SCRIPT.parent / "find_python"
THIS_VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


def find_python(path: Path, version: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FIND, version], env={"PATH": str(path), "HOME": str(path.parent)}, capture_output=True, text=True, timeout=60
    )


def test_find_python_passes_over_a_shim_that_runs_nothing(path: Path) -> None:
    add_program(path, f"python{THIS_VERSION}", "exit 127")
    add_program(path, "python", f'exec "{sys.executable}" "$@"')
    found = find_python(path, THIS_VERSION)
    assert found.returncode == 0
    shown = [found.stdout.strip(), "-c", "import sys; print(sys.version_info[:2])"]
    assert subprocess.check_output(shown, text=True).strip() == str(sys.version_info[:2])


def test_find_python_finds_a_version_of_pyenv_that_is_not_selected(path: Path) -> None:
    folder = path.parent / ".pyenv" / "versions" / f"{THIS_VERSION}.99" / "bin"
    folder.mkdir(parents=True)
    add_program(folder, f"python{THIS_VERSION}", f'exec "{sys.executable}" "$@"')
    assert find_python(path, THIS_VERSION).returncode == 0


def test_find_python_says_how_to_install_a_version_that_is_missing(path: Path) -> None:
    add_program(path, "python3.99", f'exec "{sys.executable}" "$@"')  # a name that lies about its version
    found = find_python(path, "3.99")
    assert found.returncode == 1
    assert found.stdout == ""
    assert "Python 3.99 is missing: install it with `uv python install 3.99`" in found.stderr
