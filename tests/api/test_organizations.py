"""Organizations and their tree: a key manages the descendants, and never shows a parent."""

import threading
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from app import db, ids
from app.errors import Conflict
from app.organizations import hierarchy
from app.organizations.models import Organization
from tests.cast import Merchant, open_merchant
from tests.waiting import eventually, join

from .conftest import Caller, MakeCaller


@pytest.fixture
def line(merchant: Merchant) -> tuple[UUID, UUID, UUID]:
    """The shop, its daughter and her daughter."""
    with db.transaction() as session:
        child = hierarchy.create_organization(
            session, kind="merchant", name="Daughter", parent_id=merchant.organization_id
        )
        grandchild = hierarchy.create_organization(session, kind="merchant", name="Granddaughter", parent_id=child.id)
        return merchant.organization_id, child.id, grandchild.id


def public(organization_id: UUID) -> str:
    return ids.encode("org", organization_id)


def test_child_organization_is_created_below_the_callers_and_its_keys_open_it(
    owner: Caller, merchant: Merchant
) -> None:
    made = owner.post("/api/v1/organizations", {"name": "Daughter", "email": "Girl@Example.com"})
    assert made.status_code == 201
    child = made.json
    assert (child["name"], child["email"]) == ("Daughter", "girl@example.com")
    assert child["parent_id"] == public(merchant.organization_id)
    below = owner.post("/api/v1/organizations", {"name": "Granddaughter", "parent_id": child["id"]}).json
    assert below["parent_id"] == child["id"]
    listed = owner.get("/api/v1/organizations").json["data"]
    assert [one["name"] for one in listed] == ["Granddaughter", "Daughter", "Shop"]
    assert owner.get(f"/api/v1/organizations/{child['id']}").json == child
    assert owner.get("/api/v1/organizations", parent_id=child["id"]).json["data"] == [below]
    entries = owner.get("/api/v1/audit", action="organization.created").json["data"]
    assert [entry["subject_id"] for entry in entries] == [below["id"], child["id"]]


def test_a_parent_sees_its_descendants_rows_in_every_list_and_a_child_sees_its_own(
    owner: Caller, merchant: Merchant, line: tuple[UUID, UUID, UUID], caller_of: MakeCaller
) -> None:
    with db.transaction() as session:
        daughters = open_merchant(session, "Daughter's shop")
        session.execute(
            text("UPDATE organizations SET parent_id = :parent WHERE id = :id"),
            {"parent": line[2], "id": daughters.organization_id},
        )
    daughter = caller_of(daughters)
    daughter.post("/api/v1/partners", {"email": "z@example.com", "slug": "zoe"})
    assert [row["slug"] for row in daughter.get("/api/v1/partners").json["data"]] == ["zoe"]
    assert {row["slug"] for row in owner.get("/api/v1/partners").json["data"]} == {"zoe", "ada", "ben", "dan"}


def test_child_organization_does_not_see_its_parent(caller_of: MakeCaller, line: tuple[UUID, UUID, UUID]) -> None:
    parent, child, grandchild = line
    daughter = caller_of(Merchant(child, child))
    listed = daughter.get("/api/v1/organizations")
    assert [(row["id"], row["parent_id"]) for row in listed.json["data"]] == [
        (public(grandchild), public(child)),
        (public(child), None),
    ]
    assert public(parent) not in listed.text
    assert daughter.get(f"/api/v1/organizations/{public(parent)}").status_code == 404
    assert daughter.get("/api/v1/organizations", parent_id=public(parent)).status_code == 404
    refusal = daughter.post("/api/v1/organizations", {"name": "Sister", "parent_id": public(parent)})
    assert (refusal.status_code, refusal.json["error"]["param"]) == (404, "parent_id")


def test_a_childs_audit_trail_does_not_show_the_parents_changes(
    owner: Caller, merchant: Merchant, caller_of: MakeCaller
) -> None:
    child = owner.post("/api/v1/organizations", {"name": "Daughter"}).json
    child_id = ids.decode(child["id"], "org")
    assert child_id is not None
    assert caller_of(Merchant(child_id, child_id)).get("/api/v1/audit").json["data"] == []


@pytest.mark.parametrize("email", ["nobody", "a b@example.com", "a@b"])
def test_an_address_that_is_none_is_refused(owner: Caller, email: str) -> None:
    refusal = owner.post("/api/v1/organizations", {"name": "Daughter", "email": email})
    assert (refusal.status_code, refusal.json["error"]["param"]) == (400, "email")


def test_organization_cannot_be_below_itself(line: tuple[UUID, UUID, UUID]) -> None:
    parent, child, grandchild = line
    for above in (parent, child, grandchild):
        with db.transaction() as session:
            moved, below = session.get_one(Organization, parent), session.get_one(Organization, above)
            with pytest.raises(Conflict, match="below it"):
                hierarchy.move(session, "cli", moved, below)
            session.rollback()


@pytest.mark.parametrize("below", [0, 1, 2])
def test_the_database_refuses_a_cycle(line: tuple[UUID, UUID, UUID], below: int) -> None:
    with db.transaction() as session:
        with pytest.raises(IntegrityError, match=r"below itself|ck_organizations_parent"):
            session.execute(
                text("UPDATE organizations SET parent_id = :below WHERE id = :id"),
                {"below": line[below], "id": line[0]},
            )
        session.rollback()


def test_simultaneous_moves_make_no_cycle(line: tuple[UUID, UUID, UUID]) -> None:
    with db.transaction() as session:
        one, other = (
            hierarchy.create_organization(session, kind="merchant", name=name).id for name in ("One", "Other")
        )
    put = text("UPDATE organizations SET parent_id = :above WHERE id = :id")
    refused = []

    def meanwhile() -> None:
        try:
            with db.transaction() as session:
                session.execute(put, {"id": other, "above": one})
        except DBAPIError as error:
            refused.append(error)

    with db.transaction() as session:
        session.execute(put, {"id": one, "above": other})
        second = threading.Thread(target=meanwhile)
        second.start()
        eventually(is_a_lock_awaited)
    join(second)
    assert len(refused) == 1
    with db.transaction() as session:
        assert set(hierarchy.own_and_descendants(session, other)) == {one, other}
        assert hierarchy.own_and_descendants(session, one) == (one,)


def test_moving_an_organization_moves_its_descendants(line: tuple[UUID, UUID, UUID]) -> None:
    parent, child, grandchild = line
    with db.transaction() as session:
        elsewhere = hierarchy.create_organization(session, kind="merchant", name="Elsewhere")
        hierarchy.move(session, "cli", session.get_one(Organization, child), elsewhere)
        assert hierarchy.own_and_descendants(session, parent) == (parent,)
        assert set(hierarchy.own_and_descendants(session, elsewhere.id)) == {elsewhere.id, child, grandchild}
        hierarchy.move(session, "cli", session.get_one(Organization, child), None)
        assert hierarchy.own_and_descendants(session, elsewhere.id) == (elsewhere.id,)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE organizations SET parent_id = NULL",
        "UPDATE organizations SET name = 'mine'",
        "DELETE FROM organizations",
        "UPDATE api_keys SET level = 'manage'",
        "UPDATE api_keys SET scopes = '{}'",
        "UPDATE api_keys SET organization_id = organization_id",
    ],
)
def test_a_request_can_neither_move_organizations_nor_strengthen_keys(
    owner: Caller, merchant: Merchant, statement: str
) -> None:
    with db.transaction() as session:
        db.narrow_to_organizations(session, [merchant.organization_id], livemode=False)
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(text(statement))
        session.rollback()


def test_a_request_can_add_no_organization_but_below_its_own(line: tuple[UUID, UUID, UUID]) -> None:
    parent, child, _ = line
    insert = text("INSERT INTO organizations (id, name, parent_id) VALUES (:id, 'New', :parent)")
    for above in (None, parent):
        with db.transaction() as session:
            fresh = ids.new()
            db.narrow_to_organizations(session, [child, fresh], livemode=False)
            with pytest.raises(ProgrammingError, match="row-level security"):
                session.execute(insert, {"id": fresh, "parent": above})
            session.rollback()


def is_a_lock_awaited() -> bool:
    with db.transaction() as session:
        waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
        return bool(session.scalar(text(waiting)))
