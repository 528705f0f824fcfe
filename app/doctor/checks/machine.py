"""The machine on which the check runs: free disk space, and the age of the newest backup."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from app.config import Settings
from app.doctor.examined import Examined
from app.doctor.findings import Finding, found

MB: Final = 1024 * 1024


def check(examined: Examined) -> Iterator[Finding]:
    """Disk space below the limit of the settings, and backups that are missing or older than allowed."""
    yield from _disk(examined.settings)
    yield from _backups(examined.settings, examined.now)


def _disk(settings: Settings) -> Iterator[Finding]:
    directory = settings.data_dir if settings.data_dir.exists() else Path.cwd()
    free_mb = shutil.disk_usage(directory).free // MB
    if free_mb < settings.disk_free_mb:
        yield found("disk_space_low", free_mb=free_mb, limit_mb=settings.disk_free_mb, directory=str(directory))


def _backups(settings: Settings, now: datetime) -> Iterator[Finding]:
    if settings.backup_dir is None:
        return
    newest = newest_backup(settings.backup_dir)
    if newest is None:
        yield found("backup_missing", directory=str(settings.backup_dir))
    elif now - newest > timedelta(hours=settings.backup_hours):
        limit_hours, directory = settings.backup_hours, str(settings.backup_dir)
        yield found("backup_old", made_at=newest, directory=directory, limit_hours=limit_hours)


def newest_backup(directory: Path) -> datetime | None:
    """When the newest file in the directory that has any content was written; None if there is none."""
    try:
        files = [entry.stat() for entry in directory.iterdir() if entry.is_file()]
    except OSError:
        return None
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return max((epoch + timedelta(seconds=file.st_mtime) for file in files if file.st_size), default=None)
