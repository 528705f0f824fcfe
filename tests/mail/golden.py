"""One mail of every kind, with what it is about."""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import ids
from app.mail_queue.kinds import KINDS, OF, KindName
from app.mail_queue.models import Mail
from app.outbox.models import OutboundEndpoint
from app.people import memberships
from tests.cast import Merchant

PUBLIC_URL = "https://partners.acme.example"
MANAGER = "mara@acme.example"
DETAILS: dict[str, dict[str, Any]] = {
    "rejected": {"reason": "We take partners with a site about cycling only."},
    "first_commission": {"commission_id": "com_1", "amount_minor": 123456, "currency": "usd"},
    "monthly_summary": {
        "month": "2026-10-01",
        "statements": [
            {"id": "stm_1", "currency": "eur", "earned_minor": 98000, "paid_minor": 0, "owed_minor": 148000},
            {"id": "stm_2", "currency": "jpy", "earned_minor": 5000, "paid_minor": 7500, "owed_minor": -250},
        ],
    },
    "rate_changed": {
        "before": {"type": "percentage", "bps": 2000},
        "after": {"type": "percentage", "bps": 2550},
        "effective_from": "2026-12-31T23:30:00+00:00",
    },
    "payout_sent": {
        "payout_id": "pyt_1",
        "amount_minor": 250000,
        "currency": "eur",
        "method": "sepa",
        "reference": "P7K2M9",
    },
    "payout_failed": {
        "payout_id": "pyt_1",
        "amount_minor": 250000,
        "currency": "eur",
        "method": "paypal",
        "reason": "The account is closed.",
        "reason_details": None,
    },
    "event_parked": {"event_id": "evt_1", "event_type": "invoice.paid"},
    "payout_ready": {
        "run_id": "pyr_1",
        "count": 12,
        "amounts": [{"currency": "eur", "net_minor": 1234500}, {"currency": "jpy", "net_minor": 98000}],
    },
}


def furnish(session: Session, merchant: Merchant, language: str) -> dict[str, Mail]:
    """A mail of each kind in this language, to Ada or Mara, and what they are about."""
    values = {"program": merchant.program_id, "owner": merchant.organization_id, "language": language, "id": ids.new()}
    session.execute(text("UPDATE partners SET first_name = 'Ada', last_name = 'Winter' WHERE slug = 'ada'"))
    session.execute(text("UPDATE partners SET status = 'pending', email_state = 'unconfirmed' WHERE slug = 'dan'"))
    session.execute(text("UPDATE partners SET first_name = 'Dan', last_name = 'Berg' WHERE slug = 'dan'"))
    session.execute(text("UPDATE programs SET time_zone = 'Europe/Berlin'"))
    session.execute(
        text("""
            INSERT INTO program_brands (program_id, organization_id, name, color, support_email)
            VALUES (:program, :owner, 'Acme Friends', '#0a7f5a', 'help@acme.example');
            """),
        values,
    )
    for program in (None, merchant.program_id):
        session.execute(
            text("""INSERT INTO mail_settings (id, organization_id, program_id, language)
                    VALUES (:id, :owner, :program, :language)"""),
            {**values, "id": ids.new(), "program": program},
        )
    _, person = memberships.add(session, "cli", merchant.organization_id, email=MANAGER, role="owner")
    person.language = language
    endpoint = OutboundEndpoint(
        id=ids.new(),
        organization_id=merchant.organization_id,
        livemode=True,
        url="https://acme.example/hooks",
        events=["*"],
        secret_encrypted="sealed",
        disabled_reason="failing",
    )
    session.add(endpoint)
    session.flush()
    session.execute(text("UPDATE outbound_endpoints SET disabled_at = '2026-11-28T23:30:00+00:00'"))
    session.expire_all()
    details = {
        **DETAILS,
        "postback_disabled": {"endpoint": str(endpoint.id)},
        "endpoint_disabled": {"endpoint": str(endpoint.id)},
        "new_application": {"partner_id": ids.encode(ids.PARTNER, merchant.partners["dan"])},
    }
    return {kind: _mail(session, merchant, kind, person.id, details.get(kind, {})) for kind in KINDS}


def _mail(session: Session, merchant: Merchant, kind: KindName, person_id: Any, details: dict[str, Any]) -> Mail:
    """A mail that is sent in the order of the list of kinds."""
    audience = OF[kind].audience
    to = "dan" if kind in ("confirm_address", "application_received") else "ada"
    mail = Mail(
        id=ids.new(),
        kind=kind,
        fact=kind,
        organization_id=None if audience == "person" else merchant.organization_id,
        program_id=None if audience == "person" else merchant.program_id,
        partner_id=merchant.partners[to] if audience == "partner" else None,
        person_id=None if audience == "partner" else person_id,
        livemode=True,
        details=details,
    )
    session.add(mail)
    session.flush()
    session.refresh(mail)
    return mail


def settled(written: str, merchant: Merchant, mails: dict[str, Mail]) -> str:
    """The mail without ids and times that are new each time."""
    known = {ids.encode(ids.PROGRAM, merchant.program_id): "prog_1"}
    known |= {ids.encode(ids.PARTNER, each): f"par_{code}" for code, each in merchant.partners.items()}
    known[ids.encode(ids.OUTBOUND_ENDPOINT, UUID(mails["endpoint_disabled"].details["endpoint"]))] = "owe_1"
    for named, then in known.items():
        written = written.replace(named, then)
    until = r"\d{1,2}\.? \w+ \d{4}(,| um) \d\d:\d\d UTC\+\d\d:\d\d"
    return re.sub(until, "a day in two weeks", written) if "/join#" in written else written
