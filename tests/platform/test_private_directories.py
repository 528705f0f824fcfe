"""What stands in a directory that others may write to is made by us, or refused."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import directories, settings_files
from app.errors import Unavailable
from app.runtime import embedded

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make directories of other users")
OTHER_USER = 65_534


@pytest.fixture
def directory() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="accrual-private-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def socket_directory(directory: Path) -> Iterator[Path]:
    """The directory below the temporary one that a Valkey with a long path takes, and its data directory's path."""
    place = embedded._socket_dir(deep(directory) / "valkey")
    assert place.parent == Path(tempfile.gettempdir())
    yield place
    if place.is_symlink():
        place.unlink()
    shutil.rmtree(place, ignore_errors=True)


def deep(directory: Path) -> Path:
    return directory / ("d" * 60) / ("e" * 60)


def test_the_socket_directory_is_made_for_its_owner_only(directory: Path, socket_directory: Path) -> None:
    server = embedded.start_valkey(deep(directory))
    server.stop()
    found = socket_directory.lstat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, stat.S_ISDIR(found.st_mode)) == (0o700, os.geteuid(), True)


def test_a_socket_directory_that_is_a_link_is_refused(directory: Path, socket_directory: Path) -> None:
    elsewhere = directory / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    socket_directory.symlink_to(elsewhere)
    for start in (embedded.start_valkey, lambda _: embedded._make_for_postgres(socket_directory)):
        with pytest.raises(Unavailable, match="is a link"):
            start(deep(directory))
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("mode", [0o777, 0o750, 0o711], ids=oct)
def test_a_socket_directory_that_others_may_enter_is_refused(
    directory: Path, socket_directory: Path, mode: int
) -> None:
    socket_directory.mkdir()
    socket_directory.chmod(mode)
    with pytest.raises(Unavailable, match=f"has mode {mode:04o}"):
        embedded.start_valkey(deep(directory))


@needs_root
def test_a_socket_directory_of_another_user_is_refused_and_left_to_that_user(
    directory: Path, socket_directory: Path
) -> None:
    socket_directory.mkdir(mode=0o700)
    os.chown(socket_directory, OTHER_USER, OTHER_USER)
    for start in (embedded.start_valkey, lambda _: embedded._make_for_postgres(socket_directory)):
        with pytest.raises(Unavailable, match=f"belongs to another user \\(id {OTHER_USER}\\)"):
            start(deep(directory))
    assert socket_directory.stat().st_uid == OTHER_USER


def test_directory_that_others_may_rename_is_refused(directory: Path) -> None:
    directory.chmod(0o777)
    with pytest.raises(Unavailable, match="sticky bit"):
        directories.make_private(directory / "sockets")
    directory.chmod(0o1777)
    directories.make_private(directory / "sockets")


def test_a_data_directory_that_everybody_may_write_to_is_refused(directory: Path) -> None:
    directory.chmod(0o777)
    with pytest.raises(Unavailable, match="all users may write"):
        embedded.start_valkey(directory)
    directory.chmod(0o755)
    embedded.start_valkey(directory).stop()


def test_settings_are_written_to_a_new_file_and_not_through_a_link(directory: Path) -> None:
    other = directory / "other"
    other.write_text("untouched")
    fresh = directory / f"{settings_files.SETTINGS_FILE}.{os.getpid()}"
    fresh.symlink_to(other)
    settings_files.store(directory, {"ACCRUAL_SECRET_KEY": "first"})
    (directory / settings_files.SETTINGS_FILE).chmod(0o644)
    fresh.touch(mode=0o666)
    settings_files.store(directory, {"ACCRUAL_SECRET_KEY": "second"})
    assert other.read_text() == "untouched"
    assert settings_files.read(directory) == {"ACCRUAL_SECRET_KEY": "second"}
    assert stat.S_IMODE((directory / settings_files.SETTINGS_FILE).stat().st_mode) == 0o600
    assert not fresh.exists()
