"""Rows of connected accounts: loading, claiming the next one that Stripe is asked about, and storing what it says.

The process that asks Stripe holds a claim; a process whose claim has expired writes nothing more.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import backoff, bulk, ids
from app.errors import LeaseLost
from app.immutable import immutable
from app.payouts.connect.models import ConnectedAccount
from app.payouts.connect.states import ACTIVE, AccountState
from app.sentences.problems import Problem

LEASE_SECONDS: Final = 120
"""How long a process may take for an account; after that another one may claim it."""
FIRST_WAIT_SECONDS: Final = 10
LONGEST_WAIT_SECONDS: Final = 3600
SAME_SECOND_WAIT: Final = 3
"""After this time an account is fetched about which two different statements have the same second."""
FIRST_CHECK_SECONDS: Final = 60
"""After a link was handed out, the account is fetched after this time, and then ever more seldom until it is ready."""
CHECKED_SECONDS: Final = 14 * 86_400
"""So long after the last link an account that is not ready is still fetched."""


@immutable
class ClaimedAccount:
    """An account that this process asks Stripe about.

    Attributes:
        attempts: calls since the last one that succeeded, this one included.
        wants_link: whether an onboarding link was requested.
    """

    id: UUID
    organization_id: UUID
    partner_organization_id: UUID
    livemode: bool
    country: str | None
    stripe_account_id: str | None
    lease: int
    attempts: int
    wants_link: bool
    return_url: str
    refresh_url: str


def find(
    session: Session, organization_id: UUID, partner_organization_id: UUID | None, *, livemode: bool
) -> ConnectedAccount | None:
    """The account of an affiliate under an owner's platform; None if it has none."""
    return session.scalar(
        select(ConnectedAccount).where(
            ConnectedAccount.organization_id == organization_id,
            ConnectedAccount.partner_organization_id == partner_organization_id,
            ConnectedAccount.livemode == livemode,
        ),
        execution_options={"populate_existing": True},
    )


def insert(
    session: Session, organization_id: UUID, partner_organization_id: UUID, country: str | None, *, livemode: bool
) -> None:
    """Insert an account that Stripe is to create. Does nothing if there is one already."""
    session.execute(
        text("""
            INSERT INTO connected_accounts (id, organization_id, partner_organization_id, livemode, country, due_at)
            VALUES (:id, :organization_id, :partner_organization_id, :livemode, :country, now())
            ON CONFLICT (partner_organization_id, organization_id, livemode) DO NOTHING
        """),
        {
            "id": ids.new(),
            "organization_id": organization_id,
            "partner_organization_id": partner_organization_id,
            "livemode": livemode,
            "country": country,
        },
    )


_IS_DUE = text("SELECT EXISTS (SELECT FROM connected_accounts WHERE due_at <= now())")

_CLAIM = text("""
    UPDATE connected_accounts SET lease = lease + 1, attempts = attempts + 1,
                                  due_at = now() + make_interval(secs => :lease)
    WHERE id = (SELECT id FROM connected_accounts WHERE due_at <= now()
                ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, organization_id, partner_organization_id, livemode, country, stripe_account_id, lease, attempts,
              link_requested_at IS NOT NULL AND link_encrypted IS NULL AS wants_link,
              coalesce(link_return_url, '') AS return_url, coalesce(link_refresh_url, '') AS refresh_url
""")


def is_due(session: Session) -> bool:
    """Whether Stripe is to be asked about any account now."""
    return bool(session.scalar(_IS_DUE))


def claim(session: Session) -> ClaimedAccount | None:
    """Claim the account that is due longest, for `LEASE_SECONDS`; None if none is due."""
    row = session.execute(_CLAIM, {"lease": LEASE_SECONDS}).one_or_none()
    return None if row is None else ClaimedAccount(**row._asdict())


# Of two statements the newer one is kept. Stripe's times have no fractions, so of two different ones of the same second
# neither is believed: the account is fetched.
_STORE_STATE = text("""
    UPDATE connected_accounts SET
        transfers = CASE WHEN is_newer THEN :transfers ELSE transfers END,
        requirements = CASE WHEN is_newer THEN CAST(:requirements AS jsonb) ELSE requirements END,
        has_details = CASE WHEN is_newer THEN coalesce(CAST(:has_details AS boolean), has_details) ELSE has_details END,
        stated_at = greatest(connected_accounts.stated_at, :stated_at),
        due_at = CASE WHEN is_open THEN now() + make_interval(secs => :wait_seconds) ELSE due_at END
    FROM (SELECT id AS found, is_same_second AND NOT is_equal AS is_open,
                 stated_at IS NULL OR stated_at < :stated_at OR is_same_second AND is_equal AS is_newer
          FROM (SELECT *, stated_at = :stated_at AS is_same_second,
                       (transfers, requirements) = (CAST(:transfers AS text), CAST(:requirements AS jsonb)) AS is_equal
                FROM connected_accounts
                WHERE stripe_account_id = :account_id AND organization_id = :organization_id AND livemode = :livemode
                FOR UPDATE) AS stored) AS compared
    WHERE id = found
    RETURNING is_newer
""")


def store_state(session: Session, organization_id: UUID, state: AccountState, *, livemode: bool) -> bool | None:
    """Store what Stripe says of an account, if it is newer than what is known.

    Returns:
        Whether it was stored; None if no partner has this account.
    """
    values = {
        "account_id": state.account_id,
        "organization_id": organization_id,
        "livemode": livemode,
        "transfers": state.transfers,
        "requirements": bulk.encode_one(state.requirements),
        "has_details": state.has_details,
        "stated_at": state.stated_at,
        "wait_seconds": SAME_SECOND_WAIT,
    }
    newer: bool | None = session.scalar(_STORE_STATE, values)
    return newer


_STORE_BANK_PAYOUT = text("""
    UPDATE connected_accounts SET bank_payout = CASE WHEN is_newer THEN CAST(:payout AS jsonb) ELSE bank_payout END
    FROM (SELECT id AS found, bank_payout IS NULL OR
                 ((bank_payout ->> 'stated_at')::timestamptz, bank_payout ->> 'status' = 'failed')
                 < (CAST(:stated_at AS timestamptz), CAST(:is_failed AS boolean)) AS is_newer
          FROM connected_accounts
          WHERE stripe_account_id = :account_id AND organization_id = :organization_id AND livemode = :livemode
          FOR UPDATE) AS stored
    WHERE id = found
    RETURNING is_newer
""")


def store_bank_payout(
    session: Session, organization_id: UUID, account_id: str, payout: Mapping[str, Any], *, livemode: bool
) -> bool | None:
    """Store Stripe's last payout to the account's bank, if it is newer; of one second, the failed one is kept.

    Returns:
        Whether it was newer; None if no partner has this account.
    """
    values = {
        "account_id": account_id,
        "organization_id": organization_id,
        "livemode": livemode,
        "payout": bulk.encode_one(payout),
        "stated_at": payout["stated_at"],
        "is_failed": payout["status"] == "failed",
    }
    newer: bool | None = session.scalar(_STORE_BANK_PAYOUT, values)
    return newer


_STORE_CREATED = text("""
    UPDATE connected_accounts SET stripe_account_id = :account_id, country = :country, agreement = :agreement,
                                  transfers = :transfers, requirements = CAST(:requirements AS jsonb)
    WHERE id = :id AND lease = :lease
""")


def store_created(
    session: Session, account: ClaimedAccount, state: AccountState, *, country: str, agreement: str
) -> None:
    """Store the account that Stripe has created. What it says of it is as old as the account. Raises LeaseLost."""
    values = {
        "id": account.id,
        "lease": account.lease,
        "account_id": state.account_id,
        "country": country,
        "agreement": agreement,
        "transfers": state.transfers,
        "requirements": bulk.encode_one(state.requirements),
    }
    _update_held(session, _STORE_CREATED, values)


_STORE_LINK = text("""
    UPDATE connected_accounts SET link_encrypted = :link, link_expires_at = :expires_at
    WHERE id = :id AND lease = :lease
""")


def store_link(session: Session, account: ClaimedAccount, link_encrypted: str, expires_at: datetime) -> None:
    """Store a requested onboarding link, sealed, until it is handed out. Raises LeaseLost."""
    values = {"id": account.id, "lease": account.lease, "link": link_encrypted, "expires_at": expires_at}
    _update_held(session, _STORE_LINK, values)


_FINISH = text("""
    UPDATE connected_accounts SET
        problem = NULL, attempts = 0,
        due_at = CASE
            WHEN link_requested_at IS NOT NULL AND link_encrypted IS NULL THEN now()
            WHEN transfers <> :active AND link_given_at > now() - make_interval(secs => :longest)
            THEN now() + greatest((now() - link_given_at) / 2, make_interval(secs => :first))
        END
    WHERE id = :id AND lease = :lease
""")


def finish(session: Session, account: ClaimedAccount) -> None:
    """Store that all calls succeeded; an account that is not ready is due later. Raises LeaseLost."""
    values = {
        "id": account.id,
        "lease": account.lease,
        "active": ACTIVE,
        "first": FIRST_CHECK_SECONDS,
        "longest": CHECKED_SECONDS,
    }
    _update_held(session, _FINISH, values)


_POSTPONE = text("""
    UPDATE connected_accounts SET problem = CAST(:problem AS jsonb), due_at = now() + make_interval(secs => :seconds)
    WHERE id = :id AND lease = :lease
""")


def postpone(session: Session, account: ClaimedAccount, problem: Problem, *, wait_seconds: float | None = None) -> None:
    """Store why a call failed, and ask again later: after `wait_seconds`, else after a back-off. Raises LeaseLost."""
    seconds = wait_seconds or backoff.seconds(account.attempts, first=FIRST_WAIT_SECONDS, longest=LONGEST_WAIT_SECONDS)
    values = {"id": account.id, "lease": account.lease, "problem": bulk.encode_one(problem), "seconds": seconds}
    _update_held(session, _POSTPONE, values)


_MAKE_DUE = text("""
    UPDATE connected_accounts SET due_at = now()
    WHERE stripe_account_id = :account_id AND organization_id = :organization_id AND livemode = :livemode
    RETURNING id
""")


def make_due(session: Session, organization_id: UUID, account_id: str, *, livemode: bool) -> bool:
    """Have the account fetched now. False if no partner has it."""
    values = {"account_id": account_id, "organization_id": organization_id, "livemode": livemode}
    return session.scalar(_MAKE_DUE, values) is not None


def _update_held(session: Session, statement: Any, values: Mapping[str, Any]) -> None:
    if session.execute(statement, values).rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE's result has it
        raise LeaseLost
