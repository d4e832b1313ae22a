"""The file of `--output`: whole or not at all, and streams where it is no file."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lpgen.edge.output_file import is_stream, open_to_append, refuse_replacing, write_file
from lpgen.edge.private_files import make_private_folder, open_private, restrict_to_owner
from lpgen.errors import InvocationError, OutputError


def test_output_says_whether_it_replaced_a_file(tmp_path: Path) -> None:
    file = tmp_path / "review.json"
    assert [write_file(file, [b"one", b"two"]) for _ in range(2)] == [False, True]
    assert file.read_bytes() == b"onetwo"
    assert [path.name for path in tmp_path.iterdir()] == ["review.json"]
    assert not write_file(Path(os.devnull), [b"one"])


def test_output_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        write_file(tmp_path / "new" / "review.json", [b"one"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_output_stays_as_it_was_where_writing_fails_midway(error: type[BaseException], tmp_path: Path) -> None:
    def failing() -> Iterator[bytes]:
        yield b"half"
        raise error

    file = tmp_path / "review.json"
    file.write_bytes(b"old")
    with pytest.raises(OutputError if error is OSError else error):
        write_file(file, failing())
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_output_keeps_the_permissions_of_the_file_it_replaces(tmp_path: Path) -> None:
    kept, new = tmp_path / "kept", tmp_path / "new"
    kept.write_bytes(b"old")
    kept.chmod(0o640)
    for file in (kept, new):
        write_file(file, [b"new"])
    assert _mode(kept) == 0o640
    assert _mode(new) == 0o600


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_output_is_its_owners_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        make_private_folder(tmp_path / "one" / "two")
        write_file(tmp_path / "one" / "two" / "review.json", [b"new"])
        with open_private(tmp_path / "journal", "ab") as file:
            file.write(b"line")
    finally:
        os.umask(before)
    assert [_mode(tmp_path / one) for one in ("one", "one/two")] == [0o700, 0o700]
    assert [_mode(tmp_path / one) for one in ("one/two/review.json", "journal")] == [0o600, 0o600]


def test_private_files_and_folders_that_exist_lose_the_permissions_of_others(tmp_path: Path) -> None:
    file, sealed, folder = tmp_path / "open", tmp_path / "sealed", tmp_path / "folder"
    folder.mkdir()
    for path, mode in ((file, 0o666), (sealed, 0o444), (folder, 0o755)):
        path.touch()
        path.chmod(mode)
    with open_private(file, "a") as opened:
        opened.write("text")
    restrict_to_owner(sealed)
    make_private_folder(folder)
    assert [_mode(path) for path in (file, sealed, folder)] == [0o600, 0o400, 0o755]
    restrict_to_owner(folder)
    assert _mode(folder) == 0o700


def test_private_folder_is_not_made_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OSError, match="file"):
            make_private_folder(path)


@pytest.mark.parametrize("is_there", [True, False])
def test_output_refuses_a_link_and_says_where_it_leads(is_there: bool, tmp_path: Path) -> None:
    link, target = tmp_path / "review.html", tmp_path / "authorized_keys"
    if is_there:
        target.write_bytes(b"old")
    link.symlink_to(target)
    with pytest.raises(OutputError, match=r"is a link to .*authorized_keys") as caught:
        write_file(link, [b"new"])
    assert caught.value.hint == "name the file that it points to, or delete the link"
    with pytest.raises(InvocationError, match="already exists"):
        refuse_replacing(link)
    assert not is_stream(link)
    assert target.exists() is is_there
    assert not is_there or target.read_bytes() == b"old"


def test_output_may_lie_behind_a_folder_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "reports").symlink_to(tmp_path / "far")
    write_file(tmp_path / "reports" / "review.json", [b"new"])
    assert (tmp_path / "far" / "review.json").read_bytes() == b"new"


def test_output_takes_the_place_of_a_hard_link(tmp_path: Path) -> None:
    precious, output = tmp_path / "precious", tmp_path / "review.json"
    precious.write_bytes(b"old")
    output.hardlink_to(precious)
    write_file(output, [b"new"])
    assert (precious.read_bytes(), output.read_bytes()) == (b"old", b"new")


def test_output_keeps_no_permissions_that_another_user_chose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "review.json"
    file.write_bytes(b"planted")
    file.chmod(0o666)
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    write_file(file, [b"new"])
    assert (_mode(file), file.read_bytes()) == (0o600, b"new")


def test_output_in_a_folder_that_cannot_be_written_takes_the_place_of_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "review.json"
    file.write_bytes(b"a longer old text")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert write_file(file, [b"new"])
    assert file.read_bytes() == b"new"


@pytest.mark.parametrize("trap", ["another user's", "another name"])
def test_output_in_a_folder_that_cannot_be_written_overwrites_no_file_of_others(
    trap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "review.json"
    file.write_bytes(b"precious")
    monkeypatch.setattr(os, "access", lambda *_: False)
    if trap == "another name":
        (tmp_path / "other").hardlink_to(file)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    with pytest.raises(OutputError, match=trap):
        write_file(file, [b"new"])
    assert file.read_bytes() == b"precious"


def test_log_is_appended_to_no_file_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "debug.log"
    with open_to_append(file) as log:
        log.write("one")
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    with pytest.raises(OSError, match="another user's"):
        open_to_append(file)
    assert file.read_text() == "one"


def test_output_goes_into_no_pipe_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "review.json"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    monkeypatch.setattr(os, "geteuid", lambda: pipe.stat().st_uid + 1)
    with pytest.raises(OutputError, match="a pipe of another user"):
        write_file(pipe, [b"new"])
    assert os.read(reader, 10) == b""
    os.close(reader)


def test_output_below_dev_that_is_no_device_is_a_file_like_any_other() -> None:
    """Everyone can write `/dev/shm`."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        file, link = Path(folder) / "review.json", Path(folder) / "link"
        assert [write_file(file, [b"new"]) for _ in range(2)] == [False, True]
        assert (_mode(file), file.read_bytes()) == (0o600, b"new")
        link.symlink_to(file)
        with pytest.raises(OutputError, match="is a link"):
            write_file(link, [b"more"])


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/stderr", "/dev/fd/1", "/proc/self/fd/2", "/dev/null"])
def test_devices_are_streams(name: str) -> None:
    assert is_stream(Path(name))


@pytest.mark.parametrize("name", ["/dev/shm/review.json", "/proc/self/cwd/review.json", "/dev/stdout.json"])
def test_files_below_devices_are_none(name: str) -> None:
    assert not is_stream(Path(name))


def test_private_files_open_neither_links_nor_pipes(tmp_path: Path) -> None:
    """A pipe without a reader would wait for ever."""
    (tmp_path / "precious").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    os.mkfifo(tmp_path / "pipe")
    for mode in ("w", "a", "a+", "x"):
        with pytest.raises(OSError, match=r"is a link"):
            open_private(tmp_path / "link", mode)
        with pytest.raises(OSError, match=r"isn't a file|No such device|File exists|not seekable"):
            open_private(tmp_path / "pipe", mode)
    assert (tmp_path / "precious").read_text() == "old"


def test_output_is_taken_by_a_named_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_file(pipe, [b"one", b"two"])
    reader.join(timeout=30)
    assert read == [b"onetwo"]
    assert pipe.is_fifo()


def test_output_to_dev_stdout_keeps_what_a_shell_appends_to(tmp_path: Path) -> None:
    program = "from pathlib import Path; from lpgen.edge.output_file import write_file as w; "
    program += "w(Path('/dev/stdout'), [b'new'])"
    file = tmp_path / "all.txt"
    file.write_bytes(b"old ")
    with file.open("ab") as stdout:
        subprocess.run([sys.executable, "-c", program], stdout=stdout, check=True, env=dict(os.environ))
    assert file.read_bytes() == b"old new"


def test_output_to_a_full_device_says_so() -> None:
    with pytest.raises(OutputError, match=r"can't write `/dev/full`"):
        write_file(Path("/dev/full"), [b"x" * 100_000])


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777
