"""The settings files in the data directory, readable by their owner only.

Every process reads `settings.env`. `owner.env` has the address with the login of the embedded database's owner; only
migrations read it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from app import directories

SETTINGS_FILE: Final = "settings.env"
OWNER_FILE: Final = "owner.env"
MIGRATE_URL: Final = "ACCRUAL_MIGRATE_URL"


def read(data_dir: Path) -> dict[str, str]:
    """The settings stored in `data_dir`, by environment variable; empty if there is no file."""
    return {name: value or "" for name, value in dotenv_values(data_dir / SETTINGS_FILE).items()}


def store(data_dir: Path, settings: Mapping[str, str]) -> None:
    """Store `settings` (by environment variable) in `data_dir`; other stored settings do not change."""
    merged = read(data_dir) | dict(settings)
    _write(data_dir / SETTINGS_FILE, merged, "Written by `accrual`; the environment overrides it. Contains secrets.")


def owner_url(data_dir: Path) -> str | None:
    """The database address with the owner's login; None if `data_dir` has no embedded database."""
    return dotenv_values(data_dir / OWNER_FILE).get(MIGRATE_URL)


def store_owner_url(data_dir: Path, url: str) -> None:
    """Store the database address with the login of the embedded database's owner."""
    _write(data_dir / OWNER_FILE, {MIGRATE_URL: url}, "Written by `accrual up`. No serving process reads it.")


def _write(file: Path, settings: Mapping[str, str], comment: str) -> None:
    lines = [f"# {comment}", *(f"{name}='{value}'" for name, value in settings.items())]
    directories.replace_private(file, "\n".join(lines) + "\n")
