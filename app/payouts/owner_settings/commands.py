"""Commands: an owner sets up how it pays. No account reaches the audit trail."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids, sealing
from app.config import Settings
from app.organizations import actors, audit
from app.payouts.owner_settings import debtor
from app.payouts.owner_settings.models import OwnerSettingsRow
from app.programs.validation import valid_currency


def change(
    session: Session, actor: actors.Actor, organization_id: UUID, changes: Mapping[str, Any], settings: Settings
) -> None:
    """Change the given settings of an owner: `debtor` (the fields of `Debtor`) and `wise_source_currency`.

    None removes one; what is left out stays. Payouts whose file was made keep it.

    Raises:
        InvalidRequest: names the field, without its value.
    """
    columns: dict[str, Any] = {"updated_at": func.now()}
    if "debtor" in changes:
        given = changes["debtor"]
        account = None if given is None else debtor.validate(given)
        columns["debtor_encrypted"] = account and sealing.seal(debtor.written(account), settings)
        columns["debtor_masked"] = account and account.masked
    if "wise_source_currency" in changes:
        currency = changes["wise_source_currency"]
        columns["wise_source_currency"] = currency and valid_currency(currency, param="wise_source_currency")
    session.execute(
        insert(OwnerSettingsRow)
        .values(organization_id=organization_id, **columns)
        .on_conflict_do_update(index_elements=["organization_id"], set_=columns)
    )
    session.expire_all()
    organization = ids.encode(ids.ORGANIZATION, organization_id)
    details = {"changed": sorted(changes)}
    audit.add_entry(session, actor, "payout_settings.updated", organization, details, organization_id=organization_id)


def reseal_all(session: Session, actor: actors.Actor, settings: Settings) -> int:
    """Re-encrypt all owners' accounts with the newest secret key; returns their number.

    Raises:
        ConfigurationError: one cannot be decrypted with any of our keys; then nothing is changed.
    """
    has_account = OwnerSettingsRow.debtor_encrypted.is_not(None)
    rows = session.scalars(select(OwnerSettingsRow).where(has_account).with_for_update()).all()
    for row in rows:
        assert row.debtor_encrypted is not None
        row.debtor_encrypted = sealing.reseal(row.debtor_encrypted, settings)
        organization = ids.encode(ids.ORGANIZATION, row.organization_id)
        audit.add_entry(session, actor, "payout_settings.resealed", organization, organization_id=row.organization_id)
    session.flush()
    return len(rows)
