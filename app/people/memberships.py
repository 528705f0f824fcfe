"""People of an organization: adding, disabling and listing them, and their roles. The last owner stays."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import db, ids
from app.errors import LONGEST_SHOWN, Conflict, Forbidden, InvalidRequest, NotFound
from app.organizations import audit
from app.organizations.actors import Actor
from app.organizations.permissions import Caller
from app.paging import Page, cut, owned_by
from app.people import sessions
from app.people.models import Membership, Person
from app.people.roles import OWNER, ROLES, scopes_of
from app.texts import require_address, require_line

Member = Row[Membership, Person]
"""A membership with its person."""


def add(
    session: Session,
    actor: Actor,
    organization_id: UUID,
    *,
    email: str,
    role: str,
    name: str | None = None,
    language: str | None = None,
) -> Member:
    """Add a person to an organization, or let a disabled one in again, with an audit entry.

    A person with this address may be in other organizations; nothing of them is shown, and they do not change. A new
    person has `language` as its choice; a known one keeps its own.

    Raises:
        Forbidden: the actor may do less than the role, or is a test key.
        InvalidRequest: the address, the role or the name is wrong.
        Conflict: `already_a_member`.
    """
    _refuse_beyond_actor(actor, role)
    address = require_address(email)
    shown_name = None if name is None else require_line(name, param="name")
    with db.across_modes(session):
        person_id = _find_or_insert(session, address, language)
    present = session.get(Membership, (person_id, organization_id), with_for_update=True)
    if present is not None and present.disabled_at is None:
        raise Conflict(f"{address} is in this organization already, as {present.role}", code="already_a_member")
    if present is None:
        session.add(Membership(person_id=person_id, organization_id=organization_id, role=role, name=shown_name))
    else:
        present.role, present.name, present.disabled_at = role, shown_name or present.name, None
    session.flush()
    subject_id = ids.encode(ids.PERSON, person_id)
    audit.add_entry(session, actor, "person.added", subject_id, {"role": role}, organization_id=organization_id)
    return get(session, [organization_id], subject_id)


def add_first_owner(
    session: Session, actor: Actor, organization_id: UUID, *, email: str, language: str | None = None
) -> bool:
    """Add the first owner of an organization that has none; returns whether it had none. Else as `add`."""
    if session.scalar(_owners(organization_id).limit(1)) is not None:
        return False
    add(session, actor, organization_id, email=email, role=OWNER, language=language)
    return True


def set_role(session: Session, actor: Actor, member: Member, role: str) -> Member:
    """Change the role of a person, with an audit entry; its sessions get new tokens with their next request.

    Raises:
        Forbidden: the actor may do less than the role, or is a test key.
        InvalidRequest: the role is unknown.
        Conflict: `last_owner`: it is the only owner; `is_disabled`.
    """
    membership, person = member
    _refuse_beyond_actor(actor, role)
    _lock(session, membership)
    if membership.disabled_at is not None:
        raise Conflict("this person is disabled; add the address again, with the new role", code="is_disabled")
    before = membership.role
    if before == role:
        return member
    if before == OWNER:
        _refuse_without_owner(session, membership)
    membership.role = role
    session.flush()
    sessions.require_rotation(session, person.id, membership.organization_id)
    subject_id, details = ids.encode(ids.PERSON, person.id), {"role": role, "before": before}
    owner_id = membership.organization_id
    audit.add_entry(session, actor, "person.role_changed", subject_id, details, organization_id=owner_id)
    return member


def disable(session: Session, actor: Actor, member: Member) -> Member:
    """Take a person out of an organization: its sessions there end at once. Audit entry; repeated, nothing changes.

    Raises:
        Forbidden: the actor is a test key.
        Conflict: `last_owner`: it is the only owner.
    """
    membership, person = member
    _refuse_test_key(actor)
    _lock(session, membership)
    if membership.disabled_at is not None:
        return member
    if membership.role == OWNER:
        _refuse_without_owner(session, membership)
    membership.disabled_at = session.scalar(select(func.now()))
    session.flush()
    sessions.revoke_all(session, person.id, membership.organization_id)
    subject_id = ids.encode(ids.PERSON, person.id)
    audit.add_entry(session, actor, "person.disabled", subject_id, organization_id=membership.organization_id)
    return member


def get(session: Session, organization_ids: Sequence[UUID], public_id: str) -> Member:
    """The person with this public id in one of these organizations.

    Raises:
        NotFound: it is in none of them.
        InvalidRequest: it is in several of them.
    """
    return _only(session, organization_ids, Person.id == ids.decode(public_id, ids.PERSON), public_id)


def find_by_email(session: Session, organization_id: UUID, email: str) -> Member:
    """The person with this e-mail address in an organization. Raises NotFound."""
    return _only(session, [organization_id], Person.email == email.strip().lower(), email)


def list_members(
    session: Session, organization_id: UUID, *, limit: int, starting_after: str | None = None
) -> Page[Member]:
    """A page of the people of an organization, newest first, disabled ones too. Raises InvalidRequest."""
    shown = cut(_members([organization_id]), Person.id, ids.PERSON, limit=limit, starting_after=starting_after)
    return Page.of(session.execute(shown).all(), limit)


def _members(organization_ids: Sequence[UUID]) -> Select[Membership, Person]:
    return (
        select(Membership, Person)
        .join(Person, Person.id == Membership.person_id)
        .where(owned_by(Membership.organization_id, organization_ids))
    )


def _only(session: Session, organization_ids: Sequence[UUID], condition: ColumnElement[bool], named: str) -> Member:
    members = session.execute(_members(organization_ids).where(condition)).all()
    if not members:
        raise NotFound.of("person", named)
    if len(members) > 1:
        message = "the person is in several of your organizations; name one in organization_id"
        raise InvalidRequest(message, param="organization_id")
    return members[0]


def _find_or_insert(session: Session, address: str, language: str | None) -> UUID:
    new = (
        insert(Person)
        .values(id=ids.new(), email=address, language=language)
        .on_conflict_do_nothing(index_elements=["email"])
    )
    session.execute(new)
    return session.scalars(select(Person.id).where(Person.email == address)).one()


def _owners(organization_id: UUID) -> Select[UUID]:
    return select(Membership.person_id).where(
        Membership.organization_id == organization_id, Membership.role == OWNER, Membership.disabled_at.is_(None)
    )


def _lock(session: Session, membership: Membership) -> None:
    """Lock all present owners, then the membership, so that two owners cannot disable each other at the same time."""
    session.execute(_owners(membership.organization_id).order_by(Membership.person_id).with_for_update())
    session.refresh(membership, with_for_update=True)


def _refuse_without_owner(session: Session, membership: Membership) -> None:
    others = _owners(membership.organization_id).where(Membership.person_id != membership.person_id)
    if session.scalar(others.limit(1)) is None:
        public_id = ids.encode(ids.PERSON, membership.person_id)
        message = f"{public_id} is the only owner of the organization; make another person an owner first"
        raise Conflict(message, code="last_owner")


def _refuse_beyond_actor(by: Actor, role: str) -> None:
    """Refuse an unknown role, and one that may do more than the actor: it could sign in and do it."""
    if role not in ROLES:
        message = f"role {role[:LONGEST_SHOWN]!r} is unknown; use one of {', '.join(ROLES)}"
        raise InvalidRequest(message, param="role")
    _refuse_test_key(by)
    if isinstance(by, Caller) and not by.may_give("manage", scopes_of(role)):
        raise Forbidden(f"{role} may do more than you may; choose another role", param="role")


def _refuse_test_key(by: Actor) -> None:
    if isinstance(by, Caller) and by.key_id is not None and not by.livemode:
        raise Forbidden("people see live money too; use a live key, or `accrual people` on the server")
