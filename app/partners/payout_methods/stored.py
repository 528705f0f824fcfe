"""Stored payout methods: loading them, and reading what is sealed."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import sealing
from app.bulk import among
from app.config import Settings
from app.immutable import immutable
from app.partners.payout_methods.destinations import kinds
from app.partners.payout_methods.destinations.fields import Destination, Method
from app.partners.payout_methods.models import PayoutMethod

_METHODS: Final = text("""
    SELECT partner_id, method, destination_encrypted, destination_masked, fingerprint, country
    FROM payout_methods WHERE partner_id = ANY(:partner_ids) AND method IS NOT NULL
""")


@immutable
class StoredMethod:
    """How a partner is paid; a payout keeps all of it from its reservation on.

    Attributes:
        destination_encrypted: the sealed fields; None: where to pay is not known, or for `stripe` it is the connected
            account of the mode.
        masked: what is shown of it.
        fingerprint: equal for equal destinations of a method; None without one.
        country: where the money goes, as an ISO 3166 code; None: not known.
    """

    method: Method
    destination_encrypted: str | None
    masked: Mapping[str, str]
    fingerprint: str | None
    country: str | None


def load_for(session: Session, partner_ids: Collection[UUID]) -> dict[UUID, StoredMethod]:
    """The methods of these partners; those without a method are left out."""
    if not partner_ids:
        return {}
    rows = session.execute(_METHODS, {"partner_ids": list(partner_ids)})
    return {partner_id: StoredMethod(*fields) for partner_id, *fields in rows}


def load_rows(session: Session, partner_ids: Collection[UUID]) -> dict[UUID, PayoutMethod]:
    """The rows of these partners, where there is one."""
    if not partner_ids:
        return {}
    rows = session.scalars(select(PayoutMethod).where(among(PayoutMethod.partner_id, partner_ids)))
    return {row.partner_id: row for row in rows}


def unseal(encrypted: str, settings: Settings) -> dict[str, str]:
    """The fields of a sealed destination, such as `{"email": …}`. Raises ConfigurationError if no key decrypts it."""
    return kinds.read(sealing.unseal(encrypted, settings))


def email_of(row: PayoutMethod | None) -> str | None:
    """`payout_email` of the Partners API; None if there is none. Raises ConfigurationError if no key decrypts it."""
    if row is None or row.email_encrypted is None:
        return None
    return sealing.unseal(row.email_encrypted, sealing.of_process())


def sealed(destination: Destination | None, settings: Settings) -> dict[str, str | None]:
    """The columns of a destination by name; empty for None and for `stripe`, whose account is stored by mode."""
    if destination is None or destination.method == "stripe":
        return {"destination_encrypted": None, "fingerprint": None}
    text = kinds.written(destination.fields)
    return {
        "destination_encrypted": sealing.seal(text, settings),
        "fingerprint": fingerprint_of(destination.method, text, settings),
    }


def fingerprint_of(method: str, text: str, settings: Settings) -> str:
    """The fingerprint of a destination whose fields are `written` as `text`."""
    return sealing.fingerprint(f"payout destination {method} {text}", settings)


def reseal(row: PayoutMethod, settings: Settings) -> None:
    """Seal the row with the newest secret key. Raises ConfigurationError if no key decrypts it."""
    if row.email_encrypted is not None:
        row.email_encrypted = sealing.reseal(row.email_encrypted, settings)
    if row.destination_encrypted is not None:
        text = sealing.unseal(row.destination_encrypted, settings)
        row.destination_encrypted = sealing.reseal(row.destination_encrypted, settings)
        row.fingerprint = fingerprint_of(row.method or "", text, settings)
