"""Stored payout settings of owners: loading, and what they make possible."""

from uuid import UUID

from sqlalchemy.orm import Session

from app import sealing
from app.config import Settings
from app.immutable import immutable
from app.outbox import listeners
from app.payouts.methods import Payer
from app.payouts.owner_settings import debtor
from app.payouts.owner_settings.debtor import Debtor
from app.payouts.owner_settings.models import OwnerSettingsRow
from app.stripe_sync import api_keys

REQUESTED = "payout.requested"
"""The outbound event by which `external` pays."""


@immutable
class OwnerSettings:
    """How an owner pays.

    Attributes:
        debtor: the account that bank transfers are paid from; None: none.
        wise_source_currency: what Wise takes the money in, lower case; None: not known.
    """

    debtor: Debtor | None = None
    wise_source_currency: str | None = None


def load(session: Session, organization_id: UUID, settings: Settings) -> OwnerSettings:
    """The settings of an owner, unsealed. Raises ConfigurationError if no key decrypts them."""
    row = session.get(OwnerSettingsRow, organization_id)
    if row is None:
        return OwnerSettings()
    sealed = row.debtor_encrypted
    account = None if sealed is None else debtor.read(sealing.unseal(sealed, settings))
    return OwnerSettings(account, row.wise_source_currency)


def load_payer(session: Session, organization_id: UUID, *, livemode: bool) -> Payer:
    """What the owner has set up in this mode, as `methods.refusal` needs it. Nothing is unsealed."""
    row = session.get(OwnerSettingsRow, organization_id)
    listening = listeners.load_listeners(session, organization_id, livemode=livemode)
    return Payer(
        has_debtor=row is not None and row.debtor_encrypted is not None,
        has_source_currency=row is not None and row.wise_source_currency is not None,
        has_listener=any(one.wants(REQUESTED) for one in listening if one.partner_id is None),
        has_stripe_key=api_keys.is_stored(session, organization_id, livemode=livemode),
    )
