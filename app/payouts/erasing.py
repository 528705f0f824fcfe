"""Erases a partner from payouts: destinations, people's words, onboarding at Stripe. Amounts and references stay."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from app.commissions.settling.settlement import Cause
from app.payouts.steps import cancelling
from app.tombstones.subjects import OMITTED, Subject

ERASED: Final = "partner_erased"
"""Why payouts that were not sent are canceled."""
_PAYOUTS: Final = text("""
    UPDATE payouts SET destination_encrypted = NULL, destination_masked = '{}',
        failure_reason = CASE WHEN failure_reason ~ '^[a-z_]+$' THEN failure_reason ELSE
            CASE WHEN failure_reason IS NOT NULL THEN :omitted END END
    WHERE partner_id = ANY(:partner_ids)
""")
_ITEMS: Final = text("UPDATE payout_run_items SET fingerprint = NULL WHERE partner_id = ANY(:partner_ids)")
_RETURNS: Final = text("""
    UPDATE payout_returns SET reason = :omitted
    WHERE payout_id IN (SELECT id FROM payouts WHERE partner_id = ANY(:partner_ids))
""")
_WORDS: Final = text("""
    UPDATE payouts SET failure_reason = :omitted
    WHERE organization_id = :organization_id AND :pattern <> '' AND failure_reason ~* :pattern
""")
_RETURN_WORDS: Final = text("""
    UPDATE payout_returns SET reason = :omitted
    WHERE organization_id = :organization_id AND :pattern <> '' AND reason ~* :pattern
""")
_ACCOUNTS: Final = text("""
    UPDATE connected_accounts SET requirements = '{}', bank_payout = NULL, problem = NULL, due_at = NULL,
        link_requested_at = NULL, link_return_url = NULL, link_refresh_url = NULL, link_encrypted = NULL,
        link_expires_at = NULL
    WHERE organization_id = :organization_id AND stripe_account_id = ANY(CAST(:accounts AS text[]))
""")
_ACCOUNTS_OF: Final = text("""
    SELECT account.stripe_account_id FROM connected_accounts AS account
    WHERE account.organization_id = :organization_id AND account.stripe_account_id IS NOT NULL
      AND account.partner_organization_id IN (
          SELECT partner_organization_id FROM partners WHERE id = ANY(:partner_ids))
      AND NOT EXISTS (SELECT FROM partners AS other
                      WHERE other.partner_organization_id = account.partner_organization_id
                        AND other.organization_id = account.organization_id AND other.id <> ALL(:partner_ids))
""")
_FILES: Final = text("""
    SELECT DISTINCT file.id, file.run_id, file.name, file.downloaded_at, file.downloaded_by
    FROM payouts JOIN payout_files AS file ON file.id = payouts.file_id
    WHERE payouts.partner_id = ANY(:partner_ids) ORDER BY file.id
""")
_UNDER_WAY: Final = text("""
    SELECT count(*) FROM payouts
    WHERE partner_id = ANY(:partner_ids) AND status IN ('pending', 'processing', 'sent')
""")


def accounts_of(session: Session, organization_id: UUID, partner_ids: Sequence[UUID]) -> frozenset[str]:
    """The connected accounts at Stripe that only these partners of the organization use."""
    values = {"organization_id": organization_id, "partner_ids": list(partner_ids)}
    return frozenset(session.scalars(_ACCOUNTS_OF, values)) if partner_ids else frozenset()


def under_way(session: Session, subject: Subject) -> int:
    """How many payouts of the partners have not ended."""
    return session.scalar(_UNDER_WAY, {"partner_ids": list(subject.partner_ids)}) or 0


def files_of(session: Session, subject: Subject) -> Sequence[RowMapping]:
    """The files with payouts of the partners, which hold their destinations: id, run, name and first download."""
    return session.execute(_FILES, {"partner_ids": list(subject.partner_ids)}).mappings().all()


def erase(session: Session, subject: Subject, by: Cause) -> Mapping[str, int]:
    """Cancel payouts that were not sent, and remove destinations and words. Files do not change.

    Returns:
        How many payouts were canceled.
    """
    canceled = [
        payout
        for partner_id in sorted(subject.partner_ids)
        for livemode in (True, False)
        for payout in cancelling.cancel_unsent_of_partner(session, by, partner_id, livemode=livemode, reason=ERASED)
    ]
    of_partners = {"partner_ids": list(subject.partner_ids)}
    session.execute(_ITEMS, of_partners)
    for statement in (_PAYOUTS, _RETURNS):
        session.execute(statement, {**of_partners, "omitted": OMITTED})
    in_organization = {
        "organization_id": subject.organization_id,
        "pattern": subject.text_pattern,
        "omitted": OMITTED,
    }
    for statement in (_WORDS, _RETURN_WORDS):
        session.execute(statement, in_organization)
    if subject.accounts:
        values = {"organization_id": subject.organization_id, "accounts": sorted(subject.accounts)}
        session.execute(_ACCOUNTS, values)
    session.expire_all()
    return {"payouts_canceled": len(canceled)}
