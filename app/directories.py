"""Directories and files that others must not read, made in places where others may write."""

import os
import stat
from pathlib import Path

from app.errors import Unavailable

OTHERS = 0o077
"""Permissions of everybody but the owner."""


def make_private(directory: Path, user_id: int | None = None, group_id: int | None = None) -> None:
    """Make `directory` with mode 0700 for one user (ours, or the one given), or check that it is exactly that.

    What was made by another user beforehand is refused, because that user could read, replace or answer at what is
    put there. All checks are made on the opened directory, so it cannot be exchanged between check and use.

    Raises:
        Unavailable: the path is a link or no directory, belongs to another user, or others have permissions on it.
    """
    ours = os.geteuid()
    owner = ours if user_id is None else user_id
    _refuse_exchangeable(directory.parent)
    directory.mkdir(mode=0o700, exist_ok=True)
    try:
        opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise Unavailable(f"{directory} is a link or cannot be opened ({error.strerror}); remove it") from None
    try:
        found = os.fstat(opened)
        if found.st_uid not in {ours, owner}:
            raise Unavailable(f"{directory} belongs to another user (id {found.st_uid}); remove it")
        if found.st_mode & OTHERS:
            mode = stat.S_IMODE(found.st_mode)
            raise Unavailable(f"{directory} has mode {mode:04o}, so other users may enter it; remove it or set 0700")
        if found.st_uid != owner:
            os.fchown(opened, owner, -1 if group_id is None else group_id)
    finally:
        os.close(opened)


def make_data_directory(directory: Path) -> None:
    """Make the data directory with mode 0700, or check that no other user can put files into it.

    Raises:
        Unavailable: it belongs to another user than us or root, or everybody may write to it.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.stat()
    if os.geteuid() != 0 and found.st_uid not in {os.geteuid(), 0}:
        raise Unavailable(f"the data directory {directory} belongs to another user (id {found.st_uid})")
    if found.st_mode & stat.S_IWOTH:
        raise Unavailable(f"every user may write to the data directory {directory}; run `chmod o-w` on it")


def replace_private(path: Path, text: str) -> None:
    """Write `text` to `path`, readable by its owner only, in one step: no reader meets half of it.

    A new file is written beside it and moved into place, so neither a link nor the mode of an older file counts.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)  # of a process that died, or made by somebody else
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def _refuse_exchangeable(parent: Path) -> None:
    """Where everybody may write and the sticky bit is missing, everybody may move our directory away."""
    mode = parent.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise Unavailable(f"every user may rename the files in {parent}; set its sticky bit (`chmod +t`)")
