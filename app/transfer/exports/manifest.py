"""The manifest of an archive: what is in it, with sizes and hashes. The reader takes members from here only."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.transfer.exports.tables import EXPORTED

NAME: Final = "manifest.json"
FORMAT: Final = 1
MOST_BYTES: Final = 1024**2
"""The longest manifest that is read."""
Count = Annotated[int, Field(ge=0)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Member(_Part):
    """A file of the archive: its size in bytes and its SHA-256, both before compression."""

    name: str
    bytes: Count
    sha256: Digest


class TableMembers(_Part):
    """A table: how many rows, their columns, and the two files that have them."""

    name: Literal[tuple(EXPORTED)]  # type: ignore[valid-type]  # the names are known when the module is loaded
    rows: Count
    columns: tuple[str, ...]
    json_lines: Member
    csv: Member


class Passphrase(_Part):
    """What is needed to read the sealed columns with the passphrase: the salt, and a text sealed with it."""

    salt: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    check: str


class Manifest(_Part):
    """What an archive contains.

    Attributes:
        schema_revision: the newest migration of the database; only the same one takes the archive.
        organizations: the merchants whose data it is, `org_…`, without those below them.
        livemode: the mode of the money in it; None: both.
        passphrase: None: the archive has no payout destinations.
        not_exported: for readers: the tables that are not in it, with the reasons.
    """

    format: Literal[1]
    accrual_version: str
    schema_revision: str
    made_at: str
    organizations: tuple[str, ...]
    livemode: bool | None
    passphrase: Passphrase | None
    tables: tuple[TableMembers, ...]
    not_exported: dict[str, str]


def json_name(table: str) -> str:
    """The name of the file with a table's rows as JSON lines."""
    return f"json/{table}.jsonl"


def csv_name(table: str) -> str:
    """The name of the file with a table's rows as CSV."""
    return f"csv/{table}.csv"
