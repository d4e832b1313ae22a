"""The file of `--output`: whole or not at all, and streams where it is no file."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lpgen.edge.output_file import write_output
from lpgen.errors import OutputError


def test_output_is_written_with_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "new" / "review.json"
    write_output(file, [b"one", b"two"])
    assert file.read_bytes() == b"onetwo"
    assert [one.name for one in file.parent.iterdir()] == ["review.json"]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_output_stays_as_it_was_where_writing_fails_midway(error: type[BaseException], tmp_path: Path) -> None:
    def failing() -> Iterator[bytes]:
        yield b"half"
        raise error

    file = tmp_path / "review.json"
    file.write_bytes(b"old")
    with pytest.raises(OutputError if error is OSError else error):
        write_output(file, failing())
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_output_keeps_the_permissions_of_the_file_it_replaces(tmp_path: Path) -> None:
    kept, new = tmp_path / "kept", tmp_path / "new"
    kept.write_bytes(b"old")
    kept.chmod(0o640)
    for file in (kept, new):
        write_output(file, [b"new"])
    (tmp_path / "other").write_bytes(b"")
    assert kept.stat().st_mode & 0o777 == 0o640
    assert new.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_output_goes_through_a_link_to_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link, target = tmp_path / "link", tmp_path / "far" / "review.json"
    link.symlink_to(target)
    for text in (b"first", b"second"):
        write_output(link, [text])
        assert link.is_symlink()
        assert target.read_bytes() == text


def test_output_is_taken_by_a_named_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_output(pipe, [b"one", b"two"])
    reader.join(timeout=30)
    assert read == [b"onetwo"]
    assert pipe.is_fifo()


def test_output_to_dev_stdout_keeps_what_a_shell_appends_to(tmp_path: Path) -> None:
    program = "from pathlib import Path; from lpgen.edge.output_file import write_output as w; "
    program += "w(Path('/dev/stdout'), [b'new'])"
    file = tmp_path / "all.txt"
    file.write_bytes(b"old ")
    with file.open("ab") as stdout:
        subprocess.run([sys.executable, "-c", program], stdout=stdout, check=True, env=dict(os.environ))
    assert file.read_bytes() == b"old new"


def test_output_to_a_full_device_says_so() -> None:
    with pytest.raises(OutputError, match=r"can't write `/dev/full`"):
        write_output(Path("/dev/full"), [b"x" * 100_000])
