"""Commands: a partner or its owner chooses how the partner is paid. No destination reaches the audit trail."""

from collections.abc import Mapping
from typing import Any, Final, cast

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids, sealing
from app.config import Settings
from app.organizations import actors, audit
from app.partners.models import Partner
from app.partners.payout_methods import stored
from app.partners.payout_methods.destinations import kinds
from app.partners.payout_methods.destinations.fields import Destination, Method, email
from app.partners.payout_methods.models import PayoutMethod

BY_EMAIL: Final[tuple[Method, ...]] = ("paypal", "payoneer", "wise")
"""Methods that can pay to the Partners API's `payout_email`."""
PARTNER_FIELDS: Final = frozenset({"payout_method", "payout_email"})
"""The fields of the Partners API that are stored here."""


def choose(session: Session, actor: actors.Actor, partner: Partner, destination: Destination) -> PayoutMethod:
    """Pay the partner by this destination from now on; payouts that are reserved keep theirs. Returns the row."""
    address = destination.fields.get("email")
    own_email = {} if address is None else {"email_encrypted": sealing.seal(address, sealing.of_process())}
    row = _write(session, partner, {"method": destination.method, **_columns(destination), **own_email})
    audit.add_entry(
        session,
        actor,
        "partner.payout_method_set",
        ids.encode(ids.PARTNER, partner.id),
        {"method": destination.method},
        organization_id=partner.organization_id,
    )
    return row


def apply_fields(session: Session, partner: Partner, changes: Mapping[str, Any]) -> None:
    """Store `payout_method` and `payout_email` of the Partners API, without an audit entry: the caller's has them.

    The address is the destination of a method that pays to an e-mail address, unless `wise` already has an account.
    Another method than before has no destination until it is set by itself. The session writes the row.

    Raises:
        InvalidRequest: `payout_email` cannot stand in a file of payouts.
    """
    if not PARTNER_FIELDS & changes.keys():
        return
    before = session.scalar(select(PayoutMethod).where(PayoutMethod.partner_id == partner.id).with_for_update())
    has_address = "payout_email" in changes
    address = _address(changes["payout_email"]) if has_address else stored.email_of(before)
    method = cast("Method | None", changes.get("payout_method", before and before.method))
    if before is None and method is None and address is None:
        return
    columns: dict[str, Any] = {"method": method}
    if has_address:
        columns["email_encrypted"] = None if address is None else sealing.seal(address, sealing.of_process())
    kept = before if before is not None and before.method == method else None
    if method in BY_EMAIL and not (kept and _is_account(kept)):
        columns |= _columns(_by_email(method, address, partner, kept))
    elif kept is None:
        columns |= _columns(None)
    _write(session, partner, columns)


def reseal_all(session: Session, actor: actors.Actor, settings: Settings) -> int:
    """Re-encrypt all partners' destinations with the newest secret key; returns their number.

    Raises:
        ConfigurationError: one cannot be decrypted with any of our keys; then nothing is changed.
    """
    rows = session.scalars(select(PayoutMethod).order_by(PayoutMethod.partner_id).with_for_update()).all()
    for row in rows:
        stored.reseal(row, settings)
        partner_id, owner_id = ids.encode(ids.PARTNER, row.partner_id), row.organization_id
        audit.add_entry(session, actor, "partner.payout_method_resealed", partner_id, organization_id=owner_id)
    session.flush()
    return len(rows)


def _address(address: str | None) -> str | None:
    return None if address is None else email(address, param="payout_email")


def _by_email(method: Method, address: str | None, partner: Partner, kept: PayoutMethod | None) -> Destination | None:
    """The destination by the address, with the other fields that `kept` has.

    None without an address, or for `wise` while no name of the holder is known.
    """
    if address is None:
        return None
    fields = {"account_holder": partner.full_name} if method == "wise" else {}
    if kept is not None and kept.destination_encrypted is not None:
        fields |= stored.unseal(kept.destination_encrypted, sealing.of_process())
    if method == "wise" and not fields["account_holder"]:
        return None
    return kinds.validate(method, {**fields, "email": address})


def _is_account(row: PayoutMethod) -> bool:
    return bool({"iban", "account_number"} & row.destination_masked.keys())


def _columns(destination: Destination | None) -> dict[str, Any]:
    return {
        **stored.sealed(destination, sealing.of_process()),
        "destination_masked": dict(destination.masked) if destination else {},
        "country": destination and destination.country,
    }


def _write(session: Session, partner: Partner, columns: Mapping[str, Any]) -> PayoutMethod:
    values = {**columns, "updated_at": func.now()}
    statement = (
        insert(PayoutMethod)
        .values(partner_id=partner.id, organization_id=partner.organization_id, **values)
        .on_conflict_do_update(index_elements=["partner_id"], set_=values)
        .returning(PayoutMethod)
    )
    row: PayoutMethod = session.scalars(statement, execution_options={"populate_existing": True}).one()
    return row
