"""The parents of partners form a tree: the database refuses a circle from every role and statement."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import db
from app.errors import Conflict, InvalidRequest
from app.partners import tree
from app.partners.models import Partner
from app.partners.tree import Ancestor
from app.programs import programs
from app.programs.models import Program
from tests import cast
from tests.cast import Merchant
from tests.waiting import eventually, join


@pytest.fixture
def family(merchant: Merchant) -> Merchant:
    """Ada under Ben under Dan."""
    with db.transaction() as session:
        cast.place_under(session, merchant, "ada", "ben")
        cast.place_under(session, merchant, "ben", "dan")
    return merchant


def test_ancestors_are_numbered_from_the_parent_up_inactive_ones_too(family: Merchant) -> None:
    with db.transaction() as session:
        cast.change_status(session, family, "ben", "paused")
        everybody = family.partners.values()
        found = tree.ancestors_of(session, family.organization_id, list(everybody))
    ada, ben, dan = (family.partners[code] for code in ("ada", "ben", "dan"))
    assert found == {
        ada: [Ancestor(1, ben, None, is_active=False), Ancestor(2, dan, None, is_active=True)],
        ben: [Ancestor(1, dan, None, is_active=True)],
    }


@pytest.mark.parametrize("above", ["dan", "ben", "ada"])
def test_no_partner_is_put_above_itself(family: Merchant, above: str) -> None:
    """Dan cannot go under Ben or Ada, who stand below him, nor under himself."""
    with pytest.raises(Conflict) as refused, db.transaction() as session:
        cast.place_under(session, family, "dan", above)
    assert (refused.value.code, refused.value.param) == ("parent_cycle", "parent_id")


def test_a_parent_is_of_the_same_program(family: Merchant) -> None:
    with db.transaction() as session:
        other = programs.create_program(
            session, family.organization_id, name="Friends of friends", commission=cast.PERCENTAGE, status="active"
        )
        elsewhere = Merchant(family.organization_id, other.id)
        gus = cast.enroll(session, elsewhere, "gus")
    with pytest.raises(InvalidRequest, match="same program"), db.transaction() as session:
        tree.set_parent(session, session.get_one(Partner, family.partners["ada"]), session.get_one(Partner, gus))


def test_a_partner_may_have_a_parent_or_none(family: Merchant) -> None:
    with db.transaction() as session:
        cast.place_under(session, family, "ada", "dan")
        cast.place_under(session, family, "ben", None)
        cast.place_under(session, family, "dan", "ben")
        assert session.get_one(Program, family.program_id)


def test_the_database_refuses_a_circle_by_itself(family: Merchant) -> None:
    values = {"dan": family.partners["dan"], "ada": family.partners["ada"]}
    with pytest.raises(IntegrityError, match="its own upline"), db.transaction() as session:
        session.execute(text("UPDATE partners SET parent_id = :ada WHERE id = :dan"), values)


def test_two_halves_of_a_circle_cannot_be_made_at_once(merchant: Merchant) -> None:
    """Ada under Ben has not committed when Ben is put under Ada: he waits, and is refused."""
    refused = []

    def close_the_circle() -> None:
        try:
            with db.transaction() as session:
                cast.place_under(session, merchant, "ben", "ada")
        except Conflict as conflict:
            refused.append(conflict.code)

    other = threading.Thread(target=close_the_circle)
    with db.transaction() as session:
        cast.place_under(session, merchant, "ada", "ben")
        other.start()
        eventually(_is_a_lock_awaited)
    join(other)
    assert refused == ["parent_cycle"]


def _is_a_lock_awaited() -> bool:
    with db.transaction() as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")))
