"""What a row of an archive becomes on a new installation: it gets new secrets, and destinations are sealed again."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from app import sealing
from app.config import Settings
from app.immutable import immutable
from app.outbox import endpoints
from app.partners.payout_methods import stored
from app.transfer.exports.passphrases import PassphraseKey
from app.transfer.exports.tables import EXPORTED

RESTORED: Final = "restored"
"""Why an outbound endpoint is disabled: the installation was restored, and the former one may still be sending."""
FILES_NOT_RESTORED: Final = "import_files_not_restored"
"""Why an import failed that had not ended when the archive was made."""
NO_SECRETS: Final = "[]"
Row = dict[str, Any]


@immutable
class Restoration:
    """What rows are changed by.

    Attributes:
        settings: for the secret key.
        key: of the sealed columns; None: the archive has none.
        at: the present time.
        transaction_id: of the transaction that restores.
    """

    settings: Settings
    key: PassphraseKey | None
    at: datetime
    transaction_id: str


def _payout_method(row: Row, by: Restoration) -> Row:
    destination = row["destination_encrypted"]
    if destination is None or by.key is None:
        return {**row, "fingerprint": None}
    text = by.key.unseal(destination)
    fingerprint = stored.fingerprint_of(row["method"], text, by.settings)
    return {**row, "destination_encrypted": sealing.seal(text, by.settings), "fingerprint": fingerprint}


def _stripe_endpoint(row: Row, by: Restoration) -> Row:
    return {**row, "secrets_encrypted": sealing.seal(NO_SECRETS, by.settings), "api_key_encrypted": None}


def _outbound_endpoint(row: Row, by: Restoration) -> Row:
    if row["deleted_at"] is not None:
        return row
    is_signed = row["partner_id"] is None
    secret = sealing.seal(endpoints.new_secret(), by.settings) if is_signed else None
    if row["disabled_at"] is None:
        row = {**row, "disabled_at": by.at.isoformat(), "disabled_reason": RESTORED}
    return {**row, "secret_encrypted": secret}


def _import(row: Row, by: Restoration) -> Row:
    """An import that had not ended cannot go on: the contents of its files are not in the archive."""
    if row["finished_at"] is not None:
        return row
    ended = {"status": "failed", "problem": {"problem": FILES_NOT_RESTORED}, "finished_at": by.at.isoformat()}
    return {**row, **ended}


def _fence(row: Row, by: Restoration) -> Row:
    return {**row, "below": by.transaction_id}


_CHANGES: Final[Mapping[str, Callable[[Row, Restoration], Row]]] = {
    "payout_methods": _payout_method,
    "stripe_endpoints": _stripe_endpoint,
    "outbound_endpoints": _outbound_endpoint,
    "imports": _import,
    "ledger_fences": _fence,
}
_ADDED: Final[Mapping[str, tuple[str, ...]]] = {
    "payout_methods": ("fingerprint",),
    "stripe_endpoints": ("secrets_encrypted",),
    "outbound_endpoints": ("secret_encrypted",),
    "ledger_fences": ("below",),
}
"""The columns that the archive does not have and the row gets here."""
_RESEALED: Final[Mapping[str, tuple[str, ...]]] = {
    "payout_methods": ("email_encrypted",),
    "customer_histories": ("email_encrypted",),
    "payouts": ("destination_encrypted",),
    "payout_files": ("content_encrypted",),
    "payout_settings": ("debtor_encrypted",),
}
"""The columns that are sealed by the passphrase in the archive, and by the secret key here."""


def added_columns(table: str) -> tuple[str, ...]:
    """The columns that rows of a table get when they are restored."""
    return _ADDED.get(table, ())


def is_changed(table: str) -> bool:
    """Whether `restored` changes rows of this table."""
    return table in _CHANGES or table in _RESEALED or EXPORTED[table].own_reference is not None


def restored(table: str, row: Row, by: Restoration) -> Row:
    """The row as it is inserted, without its reference to a row of the same table, which may come later.

    Raises:
        InvalidRequest: something was sealed with another passphrase.
    """
    reference = EXPORTED[table].own_reference
    if reference is not None:
        row = {**row, reference: None}
    if table in _CHANGES:
        row = _CHANGES[table](row, by)
    for name in _RESEALED.get(table, ()):
        if by.key is not None and row[name] is not None:
            row = {**row, name: sealing.seal(by.key.unseal(row[name]), by.settings)}
    return row
