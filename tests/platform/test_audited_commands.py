"""What the command line changes stands in the audit trail, and no secret does."""

from typing import Any

from sqlalchemy import text

from app import db

from .conftest import Accrual


def trail() -> list[tuple[Any, ...]]:
    """Who did what, with which details, oldest first."""
    with db.transaction() as session:
        rows = session.execute(text("SELECT actor, action, details FROM audit_entries ORDER BY id")).all()
    return [tuple(row) for row in rows]


def test_bootstrap_writes_each_audit_entry_once(accrual: Accrual) -> None:
    options = ("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    accrual(*options)
    key = ("cli", "key.created", {"livemode": False, "level": "manage", "scopes": []})
    assert trail() == [
        ("cli", "organization.created", {}),
        ("cli", "person.added", {"role": "owner"}),
        (
            "cli",
            "program.created",
            {"status": "active", "commission": {"type": "percentage", "bps": 2000}, "terms_version": 1},
        ),
        key,
        ("cli", "endpoint.created", {"livemode": False}),
        ("cli", "endpoint.made_default", {}),
        ("cli", "endpoint.secret_added", {}),
    ]
    accrual(*options)
    accrual(*options, "--webhook-secret", "whsec_from_stripe")
    assert trail()[7:] == [("cli", "endpoint.secret_added", {})]


def test_changes_of_keys_and_endpoints_are_audited(accrual: Accrual) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    key = accrual("keys", "create", "--level", "read", "--scope", "events:read")["id"]
    accrual("keys", "revoke", key)
    endpoint = accrual("endpoints", "add", "--test", "--secret", "whsec_one")["id"]
    accrual("endpoints", "rotate", endpoint, "--secret", "whsec_two")
    accrual("endpoints", "key", endpoint, "--api-key", "rk_test_" + "1" * 24)
    accrual("endpoints", "disable", endpoint)
    accrual("endpoints", "enable", endpoint)
    assert trail()[7:] == [
        ("cli", "key.created", {"livemode": False, "level": "read", "scopes": ["events:read"]}),
        ("cli", "key.revoked", {}),
        ("cli", "endpoint.created", {"livemode": False}),
        ("cli", "endpoint.secret_added", {"expires_in_hours": 24}),
        ("cli", "endpoint.updated", {"changed": ["api_key"]}),
        ("cli", "endpoint.updated", {"changed": ["disabled"]}),
        ("cli", "endpoint.updated", {"changed": ["disabled"]}),
    ]


def test_replays_and_repeated_look_ups_are_audited(accrual: Accrual) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    run = accrual("events", "replay", "--outcome", "parked", "--detach")["id"]
    accrual("events", "replay", "--stop", run)
    accrual("waiting", "--ask-again")
    assert trail()[7:] == [
        ("cli", "replay.requested", {"outcome": "parked"}),
        ("cli", "run.stopped", {"kind": "replay"}),
        ("cli", "waiting.asked_again", {"look_ups": 0}),
    ]
