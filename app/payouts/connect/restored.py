"""Payouts through Stripe on a restored installation: held, because the former installation may still pay them.

A held transfer counts as one that Stripe may have made: after its release, Stripe's list of transfers is read before
anything is sent, however long ago the former installation sent it.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

import app.ledger.models  # noqa: F401  a foreign key has no type until the table it names is known
from app import ids
from app.immutable import immutable
from app.organizations import audit
from app.organizations.actors import Actor
from app.payouts.connect import transfers
from app.payouts.models import TO_TRANSFER_SQL, Payout

HELD: Final = "transfer_held"
"""The problem of a held transfer."""
NEVER: Final = "9999-12-31T00:00:00Z"
"""When a held run is due."""

_HOLD_OPEN = text("""
    UPDATE payout_transfers SET due_at = NULL, sent_at = coalesce(sent_at, now()),
                                problem = jsonb_build_object('problem', CAST(:problem AS text))
    WHERE due_at IS NOT NULL
""")
_HOLD_PENDING = text("""
    INSERT INTO payout_transfers (payout_id, organization_id, livemode, account, currency, amount_minor, sent_at,
                                  problem)
    VALUES (:payout_id, :organization_id, :livemode, :account, :currency, :amount_minor, now(),
            jsonb_build_object('problem', CAST(:problem AS text)))
""")
_HOLD_RUNS = text("UPDATE payout_runs SET due_at = CAST(:never AS timestamptz) WHERE status = 'reserving'")
_RELEASE = text("""
    UPDATE payout_transfers SET due_at = now(), problem = NULL
    WHERE organization_id = ANY(:owners) AND due_at IS NULL AND problem->>'problem' = :problem
    RETURNING organization_id
""")
_RELEASE_RUNS = text("""
    UPDATE payout_runs SET due_at = now()
    WHERE organization_id = ANY(:owners) AND status = 'reserving' AND due_at = CAST(:never AS timestamptz)
    RETURNING organization_id
""")


@immutable
class Released:
    """How many transfers and runs go on."""

    transfers: int
    runs: int


def hold(session: Session) -> int:
    """Hold every transfer that is not over and every run that still reserves; returns how many there are.

    A pending payout whose destination was not restored has no account to pay to: it stays pending and is not sent.

    Raises:
        ConfigurationError: a destination cannot be decrypted with any secret key.
    """
    held = session.execute(_HOLD_OPEN, {"problem": HELD}).rowcount  # type: ignore[attr-defined]  # an UPDATE has it
    pending = select(Payout).where(text(TO_TRANSFER_SQL), Payout.destination_encrypted.is_not(None))
    for payout in session.scalars(pending).all():
        payout.status = "processing"
        session.execute(_HOLD_PENDING, {**transfers.values_of(payout), "problem": HELD})
        held += 1
    session.flush()
    runs = session.execute(_HOLD_RUNS, {"never": NEVER}).rowcount  # type: ignore[attr-defined]  # as above
    return int(held + runs)


def release(session: Session, actor: Actor, organization_ids: Sequence[UUID]) -> Released:
    """Let the held transfers and runs of these organizations go on; the former installation must be stopped.

    Effects: adds an audit entry for each organization that had any. A repetition releases nothing.
    """
    owners = list(organization_ids)
    sent = session.scalars(_RELEASE, {"owners": owners, "problem": HELD}).all()
    runs = session.scalars(_RELEASE_RUNS, {"owners": owners, "never": NEVER}).all()
    for owner in sorted({*sent, *runs}):
        details = {"transfers": sent.count(owner), "runs": runs.count(owner)}
        public_id = ids.encode(ids.ORGANIZATION, owner)
        audit.add_entry(session, actor, "payouts.released", public_id, details, organization_id=owner)
    return Released(len(sent), len(runs))
