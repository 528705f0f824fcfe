"""Where a run pays: the stored payout methods, and for `stripe` the partner's connected account of the mode."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app import sealing
from app.bulk import among
from app.immutable import immutable
from app.partners.models import Partner
from app.partners.payout_methods import stored
from app.partners.payout_methods.destinations import kinds
from app.partners.payout_methods.stored import StoredMethod
from app.payouts.connect import states
from app.payouts.connect.models import ConnectedAccount
from app.payouts.methods import Refusal

ACCOUNT: Final = "account"
"""The field of a sealed destination that has the account's id."""
SHOWN_AT_END: Final = 4


@immutable
class Destinations:
    """How partners are paid, by partner.

    Attributes:
        methods: those of partners that have chosen one.
        refusals: why the destination cannot receive money now; of the others nothing is known against it.
    """

    methods: Mapping[UUID, StoredMethod]
    refusals: Mapping[UUID, Refusal]


def load_for(session: Session, partner_ids: Collection[UUID], *, livemode: bool) -> Destinations:
    """The destinations of these partners for money of a mode."""
    methods = stored.load_for(session, partner_ids)
    by_stripe = [partner_id for partner_id, method in methods.items() if method.method == "stripe"]
    accounts = _load_accounts(session, by_stripe, livemode=livemode)
    refusals = {}
    for partner_id in by_stripe:
        account = accounts.get(partner_id)
        if (refusal := _refusal(account)) is not None:
            refusals[partner_id] = refusal
        elif account is not None:
            methods[partner_id] = _with_account(methods[partner_id], account)
    return Destinations(methods, refusals)


def account_in(destination_encrypted: str) -> str:
    """The connected account in a payout's sealed destination. Raises ConfigurationError if no key decrypts it."""
    return stored.unseal(destination_encrypted, sealing.of_process())[ACCOUNT]


def _load_accounts(session: Session, partner_ids: Collection[UUID], *, livemode: bool) -> dict[UUID, ConnectedAccount]:
    if not partner_ids:
        return {}
    is_own = and_(
        ConnectedAccount.partner_organization_id == Partner.partner_organization_id,
        ConnectedAccount.organization_id == Partner.organization_id,
        ConnectedAccount.livemode == livemode,
    )
    chosen = select(Partner.id, ConnectedAccount).join(ConnectedAccount, is_own).where(among(Partner.id, partner_ids))
    return {row.id: row.ConnectedAccount for row in session.execute(chosen)}


def _refusal(account: ConnectedAccount | None) -> Refusal | None:
    if account is None or account.stripe_account_id is None:
        return Refusal("no_account", {"method": "stripe"})
    if account.transfers == states.ACTIVE:
        return None
    return unable(account.requirements)


def unable(requirements: Mapping[str, object]) -> Refusal:
    """Why an account cannot receive, with what Stripe requires or why it has disabled the account."""
    wants = states.open_requirements(requirements)
    if wants:
        return Refusal("account_unable", {"method": "stripe", "requirements": ", ".join(wants[: states.SHOWN])})
    reason = str(requirements.get("disabled_reason") or "transfers_inactive")
    return Refusal("account_suspended", {"method": "stripe", "reason": reason})


def _with_account(method: StoredMethod, account: ConnectedAccount) -> StoredMethod:
    account_id = str(account.stripe_account_id)
    text = kinds.written({ACCOUNT: account_id})
    settings = sealing.of_process()
    return replace(
        method,
        destination_encrypted=sealing.seal(text, settings),
        masked={ACCOUNT: f"acct_…{account_id[-SHOWN_AT_END:]}"},
        fingerprint=sealing.fingerprint(f"payout destination stripe {text}", settings),
        country=account.country,
    )
