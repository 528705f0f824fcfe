"""The files in the data directory that hold settings, readable by their owner only.

`settings.env` is read by every process. `owner.env` holds the address at which the owner of the embedded database logs
in; only what migrates reads it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from app import directories

SETTINGS_FILE: Final = "settings.env"
OWNER_FILE: Final = "owner.env"
MIGRATE_URL: Final = "ACCRUAL_MIGRATE_URL"


def kept(data_dir: Path) -> dict[str, str]:
    """The settings kept in `data_dir`, by their names in the environment; none where there is no file."""
    return {name: value or "" for name, value in dotenv_values(data_dir / SETTINGS_FILE).items()}


def keep(data_dir: Path, settings: Mapping[str, str]) -> None:
    """Keep `settings` (by their names in the environment) in `data_dir`, beside those kept before."""
    merged = kept(data_dir) | dict(settings)
    _write(data_dir / SETTINGS_FILE, merged, "Made by `accrual`; the environment goes before it. Holds secrets.")


def owner_url(data_dir: Path) -> str | None:
    """The address at which the owner of `data_dir`'s own database logs in; None where there is none."""
    return dotenv_values(data_dir / OWNER_FILE).get(MIGRATE_URL)


def keep_owner_url(data_dir: Path, url: str) -> None:
    """Keep the address at which the owner of `data_dir`'s own database logs in."""
    _write(data_dir / OWNER_FILE, {MIGRATE_URL: url}, "Made by `accrual up`. No serving process reads it.")


def _write(file: Path, settings: Mapping[str, str], comment: str) -> None:
    lines = [f"# {comment}", *(f"{name}='{value}'" for name, value in settings.items())]
    directories.replace_private(file, "\n".join(lines) + "\n")
