"""Who is in an organization, with which role, and what callers may change about it."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import select

from app import db, ids
from app.errors import Conflict, Forbidden, InvalidRequest, NotFound
from app.organizations import keys
from app.organizations.actors import CLI
from app.organizations.models import AuditEntry
from app.organizations.permissions import Caller
from app.people import memberships, sessions
from app.people.models import Membership, Person
from tests.cast import Merchant, open_merchant

from .conftest import OWNER, add_person, sign_in


def test_one_of_two_owners_who_disable_each_other_at_the_same_time_stays(olga: UUID, merchant: Merchant) -> None:
    owner_id = merchant.organization_id
    for round_ in range(5):
        other = f"otto{round_}@example.com"
        add_person(owner_id, other)

        def disable(email: str) -> str:
            with db.transaction() as session:
                member = memberships.find_by_email(session, owner_id, email)
                try:
                    memberships.disable(session, CLI, member)
                except Conflict as refused:
                    return refused.code
                return "disabled"

        with ThreadPoolExecutor(2) as pool:
            ended = sorted(pool.map(disable, (OWNER, other)))
        assert ended == ["disabled", "last_owner"]
        with db.transaction() as session:
            stays = session.scalars(select(Person.email).join(Membership).where(Membership.disabled_at.is_(None))).all()
            assert len(stays) == 1
            if stays != [OWNER]:
                memberships.add(session, CLI, owner_id, email=OWNER, role="owner")
                memberships.disable(session, CLI, memberships.find_by_email(session, owner_id, stays[0]))


def test_only_owner_can_neither_be_disabled_nor_become_a_manager(olga: UUID, merchant: Merchant) -> None:
    with db.transaction() as session:
        member = memberships.find_by_email(session, merchant.organization_id, OWNER)
        for change in (
            lambda: memberships.disable(session, CLI, member),
            lambda: memberships.set_role(session, CLI, member, "manager"),
        ):
            with pytest.raises(Conflict, match="make another person an owner first") as refused:
                change()
            assert refused.value.code == "last_owner"
        with pytest.raises(Conflict) as present:
            memberships.add(session, CLI, merchant.organization_id, email=OWNER, role="viewer")
        assert present.value.code == "already_a_member"


def test_key_adds_people_with_at_most_its_own_permissions_and_only_if_it_is_live(merchant: Merchant) -> None:
    def key(*scopes: str, livemode: bool = True) -> Caller:
        with db.transaction() as session:
            made = {"name": "k", "level": "manage", "livemode": livemode, "scopes": scopes}
            _, plaintext = keys.create_key(session, merchant.organization_id, **made)
        with db.web_transaction() as session:
            return keys.authenticate(session, plaintext)

    def add(caller: Caller, role: str, email: str = "new@example.com") -> None:
        with db.web_transaction() as session:
            db.narrow_to_organizations(session, caller.organization_ids, livemode=caller.livemode)
            memberships.add(session, caller, merchant.organization_id, email=email, role=role)

    with pytest.raises(Forbidden, match="may do more"):
        add(key("people:write", "partners:read"), "viewer")
    with pytest.raises(Forbidden, match="live key"):
        add(key(livemode=False), "viewer")
    with pytest.raises(InvalidRequest, match="use one of owner, manager, viewer"):
        add(key(), "admin")
    add(key(), "owner")


def test_people_are_seen_by_their_own_organizations_only(olga: UUID, merchant: Merchant) -> None:
    with db.transaction() as session:
        foreign = open_merchant(session, "Foreign").organization_id
    add_person(foreign, "fritz@example.com")
    add_person(foreign, "shared@example.com", "viewer")
    add_person(merchant.organization_id, "shared@example.com", "manager")
    sign_in("fritz@example.com")
    with db.web_transaction() as session:
        db.narrow_to_organizations(session, [merchant.organization_id], livemode=True)
        assert {*session.scalars(select(Person.email))} == {OWNER, "shared@example.com"}
        assert {*session.scalars(select(Membership.organization_id))} == {merchant.organization_id}
        assert session.scalars(select(sessions.PersonSession.id)).all() == []
        with pytest.raises(NotFound):
            memberships.find_by_email(session, merchant.organization_id, "fritz@example.com")
        page = memberships.list_members(session, merchant.organization_id, limit=1)
        assert page.has_more
        assert [person.email for _, person in page.rows] == ["shared@example.com"]


def test_audit_names_the_person_who_did_it_and_no_address(olga: UUID, merchant: Merchant) -> None:
    token = sign_in()
    with db.web_transaction() as session:
        signed_in = sessions.find(session, token)
        assert signed_in is not None
        db.narrow_to_organizations(session, signed_in.caller.organization_ids, livemode=False)
        memberships.add(session, signed_in.caller, merchant.organization_id, email="new@example.com", role="viewer")
    with db.transaction() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    who = ids.encode(ids.PERSON, olga)
    assert [(entry.actor, entry.action) for entry in entries if entry.action.startswith("person.")] == [
        ("cli", "person.added"),
        ("cli", "person.login_link_made"),
        (who, "person.signed_in"),
        (who, "person.added"),
    ]
    assert not any("@" in str(entry.details) + entry.subject_id for entry in entries)
