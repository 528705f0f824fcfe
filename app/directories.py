"""Private directories and files: creates them safely in places where other users may write."""

import os
import stat
from pathlib import Path

from app.errors import Unavailable

OTHERS = 0o077
"""Permission bits of the group and of other users."""


def make_private(directory: Path, user_id: int | None = None, group_id: int | None = None) -> None:
    """Create `directory` with mode 0700 for one user, or check that an existing one has this mode and owner.

    A directory that another user created is refused, because that user could read or replace its files, or listen on
    its sockets. All checks use the opened directory, so that it cannot be replaced between check and use.

    Args:
        directory: the path.
        user_id: the owner; None: the user of this process.
        group_id: the group of a directory given to another user; None: not changed.

    Raises:
        Unavailable: the path is a link or not a directory, belongs to another user, or other users have permissions.
    """
    own_id = os.geteuid()
    owner_id = own_id if user_id is None else user_id
    _refuse_renamable(directory.parent)
    directory.mkdir(mode=0o700, exist_ok=True)
    try:
        opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise Unavailable(f"{directory} is a link or cannot be opened ({error.strerror}); remove it") from None
    try:
        status = os.fstat(opened)
        if status.st_uid not in {own_id, owner_id}:
            raise Unavailable(f"{directory} belongs to another user (id {status.st_uid}); remove it")
        if status.st_mode & OTHERS:
            mode = stat.S_IMODE(status.st_mode)
            raise Unavailable(f"{directory} has mode {mode:04o}, so other users may enter it; remove it or set 0700")
        if status.st_uid != owner_id:
            os.fchown(opened, owner_id, -1 if group_id is None else group_id)
    finally:
        os.close(opened)


def make_data_directory(directory: Path) -> None:
    """Create the data directory with mode 0700, or check that other users cannot put files into an existing one.

    Raises:
        Unavailable: it belongs to a user other than this process's or root, or all users may write to it.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.stat()
    if os.geteuid() != 0 and status.st_uid not in {os.geteuid(), 0}:
        message = f"the data directory {directory} belongs to another user (id {status.st_uid})"
        raise Unavailable(f"{message}; choose another with --data-dir")
    if status.st_mode & stat.S_IWOTH:
        raise Unavailable(f"all users may write to the data directory {directory}; run `chmod o-w` on it")


def replace_private(path: Path, text: str) -> None:
    """Write `text` to `path`, readable by its owner only, atomically: no reader sees a partial file.

    A new file is written beside it and renamed, so that a link or the mode of an older file has no effect.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)  # left by a process that died, or created by another user
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)


def _refuse_renamable(parent: Path) -> None:
    """Refuse a parent that all users may write to without a sticky bit, since they could rename our directory."""
    mode = parent.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise Unavailable(f"all users may rename the files in {parent}; set its sticky bit (`chmod +t`)")
