"""Files that the processes of one user share, and everything that may be wrong with them."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api import private_files
from ansible_collections.compshare.cloud.plugins.module_utils._api.private_files import (
    NotShared,
    digest,
    locked,
    open_private,
    private_folder,
    shared_folder,
    try_to_lock,
    unlock_and_close,
)
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.fakes import FakeClock


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a folder for temporary files that the test owns."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "home"


def mode(path: Path | str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.parametrize("variable", ["XDG_RUNTIME_DIR", "XDG_CACHE_HOME", None])
def test_the_folder_is_the_users_alone(tmp_path: Path, home: Path, variable: str | None) -> None:
    root = tmp_path / "root" if variable else home / ".cache"
    if variable == "XDG_RUNTIME_DIR":
        root.mkdir()
    path = shared_folder({variable: str(root)} if variable else {})
    assert path == str(root / "compshare")
    assert mode(path) == 0o700


def test_the_runtime_folder_comes_before_the_cache(tmp_path: Path) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir()
    environment = {"XDG_RUNTIME_DIR": str(runtime), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert shared_folder(environment) == str(runtime / "compshare")


def test_a_folder_that_others_can_enter_is_closed_to_them(home: Path) -> None:
    (home / ".cache" / "compshare").mkdir(parents=True, mode=0o777)
    assert mode(shared_folder({})) == 0o700


@pytest.mark.parametrize("what", ["file", "link", "relative", "file in the path"])
def test_where_there_can_be_no_folder_the_next_place_is_taken(tmp_path: Path, home: Path, what: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    if what == "file":
        (root / "compshare").write_text("")
    elif what == "link":
        (tmp_path / "elsewhere").mkdir()
        (root / "compshare").symlink_to(tmp_path / "elsewhere")
    elif what == "relative":
        root = Path("root")
    else:
        root = home / "a-file" / "runtime"
        (home / "a-file").write_text("")
    assert shared_folder({"XDG_RUNTIME_DIR": str(root)}) == str(home / ".cache" / "compshare")


def test_without_a_home_the_folder_is_among_the_temporary_files(home: Path) -> None:
    home.rmdir()
    home.write_text("a file in the place of the home")
    path = shared_folder({})
    assert path == os.path.join(tempfile.gettempdir(), f"compshare-{os.geteuid()}")
    assert mode(path) == 0o700


def test_no_folder_at_all_says_why(tmp_path: Path, home: Path) -> None:
    home.rmdir()
    home.write_text("")
    (tmp_path / "tmp" / f"compshare-{os.geteuid()}").write_text("")
    with pytest.raises(NotShared, match="no folder of this user can be written to"):
        shared_folder({})


def test_no_folder_for_temporary_files_is_no_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_found() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none_found)
    assert private_folder({}) == str(home / ".local" / "state" / "compshare-cloud")
    shutil.rmtree(home)
    home.write_text("")
    assert private_folder({}) is None
    with pytest.raises(NotShared, match="no folder of this user can be written to"):
        shared_folder({})


def test_a_network_file_system_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = os.stat(tmp_path).st_dev
    mounts = tmp_path / "mountinfo"
    text = f"36 35 {os.major(device)}:{os.minor(device)} / /home rw,noatime shared:1 - nfs4 server:/home rw\n"
    mounts.write_text("1 1 0:0 / /proc rw - proc proc rw\n" + text)
    monkeypatch.setattr(private_files, "_MOUNTS", str(mounts))
    with pytest.raises(NotShared, match=r"network file system \(nfs4\)"):
        shared_folder({})
    mounts.write_text(text.replace("nfs4", "ext4"))
    assert shared_folder({})


def test_without_flock_nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_files, "fcntl", None)
    with pytest.raises(NotShared, match="cannot lock files"):
        shared_folder({})
    assert private_folder({}) is None


def test_a_file_is_readable_for_its_user_only(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    path.chmod(0o666)
    os.close(open_private(str(path)))
    assert mode(path) == 0o600


@pytest.mark.parametrize("what", ["link", "hard link", "folder", "pipe"])
def test_what_is_not_a_plain_file_of_the_users_is_not_opened(tmp_path: Path, what: str) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    other.write_text("somebody else's")
    if what == "link":
        path.symlink_to(other)
    elif what == "hard link":
        os.link(other, path)
    elif what == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises((OSError, NotShared)):
        open_private(str(path))
    assert other.read_text() == "somebody else's"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can create a file of another user")
def test_a_file_or_folder_of_another_user_is_not_used(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    os.chown(path, 65534, 65534)
    with pytest.raises(NotShared):
        open_private(str(path))
    folder = home / ".cache" / "compshare"
    folder.mkdir(parents=True)
    os.chown(folder, 65534, 65534)
    assert shared_folder({}) == os.path.join(tempfile.gettempdir(), "compshare-0")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be in the way of another user")
def test_root_leaves_nothing_in_the_home_of_another_user(home: Path) -> None:
    (home / ".cache").mkdir()
    os.chown(home / ".cache", 65534, 65534)
    assert shared_folder({}).startswith(tempfile.gettempdir())
    assert list((home / ".cache").iterdir()) == []


def test_a_lock_that_stays_is_waited_for_so_long_only(tmp_path: Path) -> None:
    path, clock = str(tmp_path / "file"), FakeClock()
    holder = open_private(path)
    assert try_to_lock(holder)
    with pytest.raises(NotShared, match="process that hangs"), locked(path, clock, 1.0):
        pytest.fail("two hold it")
    assert 1 <= sum(clock.slept) < 1.1
    unlock_and_close(holder)
    with locked(path, clock, 0.0):
        other = open_private(path)
        assert not try_to_lock(other)
        os.close(other)


def test_a_digest_shows_nothing_and_keeps_parts_apart() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert len(digest("public-key\udc80")) == 32
