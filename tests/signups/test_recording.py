"""A user is recorded once in a program and mode; a repetition fills what was empty and never changes what stands."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app import db, ids
from app.attribution.signups import unused
from app.errors import InvalidRequest, NotFound
from app.organizations import actors
from app.programs.models import Program
from app.signups import commands
from app.signups.commands import Registration
from tests.cast import Merchant, open_program
from tests.waiting import eventually, join

SIGNED_UP = datetime(2026, 3, 1, 12, tzinfo=UTC)
SESSION = "5f2c9a0b1d3e4f60"


def record(merchant: Merchant, *, livemode: bool = False, program_id: Any = None, **stated: Any) -> tuple[Any, bool]:
    registration = Registration(**{"customer_id": "u-17", "occurred_at": SIGNED_UP, "source": "server", **stated})
    with db.transaction() as session:
        program = session.get_one(Program, program_id or merchant.program_id)
        signup, is_new = commands.record(
            session, actors.CLI, program, registration, livemode=livemode, cause="request:r1"
        )
        return {column.key: getattr(signup, column.key) for column in signup.__table__.columns}, is_new


def test_a_repetition_fills_what_was_empty_and_changes_nothing_that_stands(merchant: Merchant) -> None:
    ada, ben = merchant.partners["ada"], merchant.partners["ben"]
    first, is_new = record(merchant)
    assert is_new
    filled, is_new = record(merchant, partner_id=ada, email="Cleo@example.com", occurred_at=datetime.now(UTC))
    assert not is_new
    assert {**filled, "partner_id": None, "email_mark": "", "check_at": None} == {**first, "check_at": None}
    again, _ = record(
        merchant, partner_id=ben, email="other@example.com", session_id=SESSION, stripe_customer_id="cus_1"
    )
    assert again["partner_id"] == ada
    assert again["email_mark"] == filled["email_mark"] != ""
    assert (again["stripe_customer_id"], again["session_id"]) == ("cus_1", "")
    with db.transaction() as session:
        entries = session.execute(text("SELECT action, details FROM audit_entries ORDER BY id")).all()
    assert [(entry.action, entry.details.get("filled")) for entry in entries] == [
        ("signup.recorded", None),
        ("signup.completed", ["email_mark", "partner_id"]),
        ("signup.completed", ["stripe_customer_id"]),
    ]


def test_programs_and_modes_have_sign_ups_of_their_own_and_ids_keep_their_case(merchant: Merchant) -> None:
    with db.transaction() as session:
        agencies = open_program(session, merchant)
    made = [
        record(merchant),
        record(merchant, livemode=True),
        record(merchant, program_id=agencies),
        record(merchant, customer_id="U-17"),
    ]
    assert [is_new for _, is_new in made] == [True] * 4
    assert record(merchant, customer_id=" u-17 ")[0]["id"] == made[0][0]["id"]


def test_a_browsers_claim_takes_nothing_from_another_claim_or_from_the_server(merchant: Merchant) -> None:
    claim = {"source": "browser", "session_id": SESSION, "email": "cleo@example.com"}
    assert record(merchant, **claim)[1]
    assert not record(merchant, **claim)[1]
    assert record(merchant, **{**claim, "email": "stranger@example.com"})[1]
    assert record(merchant, partner_id=merchant.partners["ada"])[1]


@pytest.mark.parametrize(
    ("stated", "param"),
    [
        ({"customer_id": " "}, "customer_id"),
        ({"customer_id": "u" * 256}, "customer_id"),
        ({"occurred_at": datetime.now(UTC) + timedelta(hours=1)}, "occurred_at"),
        ({"email": "no address"}, "email"),
        ({"stripe_customer_id": "cus 1"}, "stripe_customer_id"),
    ],
)
def test_impossible_values_are_refused_by_name(merchant: Merchant, stated: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        record(merchant, **stated)
    assert refused.value.param == param


def test_a_partner_of_another_program_is_refused(merchant: Merchant) -> None:
    with db.transaction() as session:
        other, ada = open_program(session, merchant), merchant.partners["ada"]
    with pytest.raises(NotFound) as refused:
        record(merchant, program_id=other, partner_id=ada)
    assert refused.value.code == "affiliate_not_found"
    assert ids.encode(ids.PARTNER, ada) in refused.value.message


def test_old_claims_are_deleted_and_what_the_server_stated_stays(merchant: Merchant) -> None:
    claim = {"source": "browser", "session_id": SESSION, "email": "cleo@example.com"}
    record(merchant, **claim)
    record(merchant)
    with db.transaction() as session:
        session.execute(text("UPDATE signups SET created_at = now() - interval '500 days'"))
    record(merchant, **{**claim, "customer_id": "u-18"})
    with db.transaction() as session:
        assert unused.delete_unused(session, before=datetime.now(UTC) - timedelta(days=400)) == 1
        left = session.execute(text("SELECT customer_id, source FROM signups ORDER BY id")).all()
    assert [tuple(row) for row in left] == [("u-17", "server"), ("u-18", "browser")]


def test_a_claim_that_is_deleted_while_it_is_repeated_is_recorded_again(merchant: Merchant) -> None:
    claim = {"source": "browser", "session_id": SESSION, "email": "cleo@example.com"}
    first, _ = record(merchant, **claim)
    repeated: list[tuple[Any, bool]] = []
    repeating = threading.Thread(target=lambda: repeated.append(record(merchant, **claim)))
    with db.transaction() as session:
        # A lock, and not yet the deletion, so that the repetition finds the claim and then waits for its row.
        session.execute(text("SELECT FROM signups FOR UPDATE"))
        repeating.start()
        eventually(_is_a_lock_awaited)
        session.execute(text("DELETE FROM signups"))
    join(repeating)
    assert [(row["id"] != first["id"], is_new) for row, is_new in repeated] == [(True, True)]


def _is_a_lock_awaited() -> bool:
    with db.transaction() as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))
