"""Erases the people of affiliates' organizations: memberships, sessions, and people who are in no other one."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from app.mail_queue import erasing as mails
from app.people.models import LoginLink, Membership, Person, PersonSession


def erase(session: Session, affiliates: Collection[UUID]) -> Mapping[str, int]:
    """Delete the memberships of these organizations, with their sessions, and the people who are in none then.

    Returns:
        How many people were deleted. One who is in another organization stays there, with its address.
    """
    members = session.scalars(select(Membership.person_id).where(Membership.organization_id.in_(affiliates))).all()
    session.execute(delete(PersonSession).where(PersonSession.organization_id.in_(affiliates)))
    session.execute(delete(Membership).where(Membership.organization_id.in_(affiliates)))
    is_elsewhere = exists().where(Membership.person_id == Person.id)
    gone = session.scalars(select(Person.id).where(Person.id.in_(members), ~is_elsewhere)).all()
    session.execute(delete(LoginLink).where(LoginLink.person_id.in_(gone)))
    mails.delete_of_people(session, gone)
    session.execute(delete(Person).where(Person.id.in_(gone)))
    return {"people": len(gone)}
