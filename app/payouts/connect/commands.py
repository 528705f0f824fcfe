"""Commands: a partner asks for its account at Stripe, and for a link to the onboarding. None of them calls Stripe.

The process that asks Stripe creates the account and the link; see `worker.payouts.accounts`.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import func
from sqlalchemy.orm import Session

from app import ids, sealing
from app.errors import Conflict
from app.immutable import immutable
from app.organizations import audit
from app.organizations.actors import Actor
from app.partners.models import Partner
from app.payouts.connect import accounts
from app.payouts.connect.models import ConnectedAccount

USABLE_FOR: Final = timedelta(seconds=30)
"""A link is handed out only if it works for so long."""
MADE_WITHIN: Final = timedelta(seconds=30)
"""A link that was requested so long ago is requested again."""


@immutable
class ReturnAddresses:
    """Where Stripe sends the partner: after the onboarding, and for another link if this one does not work."""

    return_url: str
    refresh_url: str


@immutable
class HandedLink:
    """An onboarding link, which works once. It reaches no log."""

    url: str
    expires_at: datetime


def open_account(
    session: Session, actor: Actor, partner: Partner, country: str | None, *, livemode: bool
) -> ConnectedAccount:
    """The partner's account at Stripe, requested if it has none. Wake `jobs.ACCOUNTS` after the commit.

    A request that failed, because of the API key or of the country, is made due again.

    Args:
        session: of `partner_side.writing.own_transaction`.
        actor: who asks for it.
        partner: the enrollment; its owner's Stripe account is the platform.
        country: ISO 3166, upper case; None: the platform's. It cannot change once the account exists.
        livemode: whose money the account receives.

    Raises:
        Conflict: `country_fixed`: the account exists with another country.
    """
    row = accounts.find(session, partner.organization_id, partner.partner_organization_id, livemode=livemode)
    if row is None:
        assert partner.partner_organization_id is not None, "only an affiliate with an organization gets here"
        organization_ids = partner.organization_id, partner.partner_organization_id
        accounts.insert(session, *organization_ids, country, livemode=livemode)
        row = accounts.find(session, *organization_ids, livemode=livemode)
        assert row is not None, "it was inserted, or another request did"
        _add_entry(session, actor, partner, row, "partner.payout_account_requested")
        return row
    if country is not None and row.country != country:
        _change_country(row, country)
    if row.stripe_account_id is None and row.problem is not None:
        row.due_at = datetime.now(UTC)
    session.flush()
    return row


def take_link(session: Session, actor: Actor, partner: Partner, row: ConnectedAccount) -> HandedLink | None:
    """Hand out the onboarding link that is ready, which then is not stored any more; None if there is none.

    Raises:
        ConfigurationError: no secret key decrypts it.
    """
    if row.link_encrypted is None or row.link_expires_at is None:
        return None
    if row.link_expires_at < datetime.now(UTC) + USABLE_FOR:
        return None
    link = HandedLink(sealing.unseal(row.link_encrypted, sealing.of_process()), row.link_expires_at)
    row.link_encrypted = row.link_expires_at = row.link_requested_at = None
    row.link_given_at = datetime.now(UTC)
    row.due_at = func.now() + timedelta(seconds=accounts.FIRST_CHECK_SECONDS)
    session.flush()
    _add_entry(session, actor, partner, row, "partner.payout_link_given")
    return link


def request_link(session: Session, row: ConnectedAccount, addresses: ReturnAddresses) -> None:
    """Request an onboarding link. Wake `jobs.ACCOUNTS` after the commit.

    Does nothing more than keep the addresses if one is being made, since two links would be of no use.
    """
    now = datetime.now(UTC)
    is_being_made = (
        row.link_requested_at is not None
        and row.link_requested_at > now - MADE_WITHIN
        and row.link_encrypted is None
        and row.problem is None
    )
    if not is_being_made:
        row.link_encrypted = row.link_expires_at = None
        row.link_requested_at = row.due_at = now
    row.link_return_url, row.link_refresh_url = addresses.return_url, addresses.refresh_url
    session.flush()


def _change_country(row: ConnectedAccount, country: str) -> None:
    if row.stripe_account_id is not None:
        raise Conflict(
            f"the Stripe account exists, for {row.country}, and its country cannot be changed; leave country out",
            code="country_fixed",
        )
    row.country = country


def _add_entry(session: Session, actor: Actor, partner: Partner, row: ConnectedAccount, action: str) -> None:
    subject, owner = ids.encode(ids.PARTNER, partner.id), partner.organization_id
    audit.add_entry(session, actor, action, subject, {}, organization_id=owner, livemode=row.livemode)
