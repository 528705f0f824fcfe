"""Sessions of people who signed in: begun, found, moved to another organization or mode, rotated and revoked."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Update, and_, func, select, update
from sqlalchemy.orm import Session

from app import db, ids
from app.errors import NotFound
from app.immutable import immutable
from app.organizations import audit
from app.organizations.hierarchy import own_and_descendants
from app.organizations.keys import has_live_key
from app.organizations.models import Organization
from app.organizations.permissions import Caller
from app.people import tokens
from app.people.models import Membership, Person, PersonSession
from app.people.roles import scopes_of

LIFETIME: Final = timedelta(days=30)
"""How long a session lasts after its last request."""
SEEN_EVERY: Final = timedelta(hours=1)
"""How exactly the last request is stored."""
USER_AGENT_LENGTH: Final = 120
_OPEN: Final = (PersonSession.revoked_at.is_(None), PersonSession.expires_at > func.now())


@immutable
class OwnOrganization:
    """An organization that a person may switch to. `id` is its public id, `org_…`."""

    id: str
    name: str
    kind: str


@immutable
class SignedIn:
    """A person in a browser.

    Attributes:
        session_id: the session.
        caller: what commands and views take.
        email: the person's address.
        role: in the organization that is shown.
        language: the one that the person chose, if any.
        organizations: all of the person's, the shown one too, by name.
        cookie_token: the token for the browser's cookie, if the cookie must be set again.
    """

    session_id: UUID
    caller: Caller
    email: str
    role: str
    language: str | None
    organizations: Sequence[OwnOrganization]
    cookie_token: str | None = None

    @property
    def organization(self) -> OwnOrganization:
        """The organization that is shown."""
        shown = ids.encode(ids.ORGANIZATION, self.caller.organization_id)
        return next(own for own in self.organizations if own.id == shown)

    @property
    def person_id(self) -> UUID:
        """The person."""
        assert self.caller.person_id is not None
        return self.caller.person_id


def begin(session: Session, person_id: UUID, *, user_agent: str) -> str | None:
    """Begin a session in the person's oldest organization; returns its token, None if the person is in none.

    It shows live money if the organization has a live key. Writes the audit entry of the sign-in.
    """
    organization_ids = organizations_of(session, person_id)
    if not organization_ids:
        return None
    token = tokens.new()
    begun = PersonSession(
        id=ids.new(),
        token_hash=tokens.digest(token),
        person_id=person_id,
        organization_id=organization_ids[0],
        shows_live=has_live_key(session, organization_ids[0]),
        user_agent="".join(character for character in user_agent if character.isprintable())[:USER_AGENT_LENGTH],
        expires_at=session.scalars(select(func.now() + LIFETIME)).one(),
    )
    session.add(begun)
    session.flush()
    signed_in = find(session, token)
    assert signed_in is not None
    subject_id = ids.encode(ids.PERSON, person_id)
    audit.add_entry(session, signed_in.caller, "person.signed_in", subject_id, organization_id=organization_ids[0])
    return token


def find(session: Session, token: str) -> SignedIn | None:
    """The person who is signed in with this token; None if the session is unknown or ended, or the person disabled.

    The session must not be narrowed, since the organization is not known yet.

    Effects: moves the end of the session, at most once an hour; after a change of role gives it another token. Of two
    requests that come together then, the second is signed out.
    """
    row = session.execute(_present(token)).one_or_none()
    if row is None:
        return None
    found, person, role, kind, is_stale = row
    cookie_token = None
    if found.must_rotate:
        cookie_token = _rotate(session, token)
        if cookie_token is None:
            return None
    elif is_stale:
        moved = {"last_seen_at": func.now(), "expires_at": func.now() + LIFETIME}
        session.execute(update(PersonSession).where(PersonSession.id == found.id).values(**moved))
        cookie_token = token
    caller = Caller(
        key_id=None,
        organization_id=found.organization_id,
        organization_ids=own_and_descendants(session, found.organization_id),
        level="manage",
        scopes=scopes_of(role),
        livemode=found.shows_live,
        kind=kind,
        person_id=person.id,
    )
    organizations = _load_organizations(session, person.id)
    return SignedIn(found.id, caller, person.email, role, person.language, organizations, cookie_token)


def switch_organization(session: Session, signed_in: SignedIn, public_id: str) -> None:
    """Show another of the person's organizations from now on.

    Raises:
        NotFound: the person is not in an organization with this id.
    """
    chosen = next((own for own in signed_in.organizations if own.id == public_id), None)
    if chosen is None:
        raise NotFound.of("organization", public_id)
    with db.across_modes(session):
        moved = update(PersonSession).where(PersonSession.id == signed_in.session_id, *_OPEN)
        session.execute(moved.values(organization_id=ids.decode(chosen.id, ids.ORGANIZATION)))


def switch_mode(session: Session, signed_in: SignedIn, *, livemode: bool) -> None:
    """Show live money or test money from now on."""
    shown = update(PersonSession).where(PersonSession.id == signed_in.session_id, *_OPEN)
    session.execute(shown.values(shows_live=livemode))


def list_own(session: Session, signed_in: SignedIn) -> Sequence[PersonSession]:
    """The present sessions of the person, whatever organization they show, last used first."""
    own = select(PersonSession).where(PersonSession.person_id == signed_in.person_id, *_OPEN)
    with db.across_modes(session):
        return session.scalars(own.order_by(PersonSession.last_seen_at.desc(), PersonSession.id.desc())).all()


def revoke_own(session: Session, signed_in: SignedIn, public_id: str) -> None:
    """End one of the person's own sessions.

    Raises:
        NotFound: the person has no session with this id.
    """
    row_id = ids.decode(public_id, ids.SESSION)
    ending = _ending().where(PersonSession.id == row_id, PersonSession.person_id == signed_in.person_id)
    with db.across_modes(session):
        ended = session.scalar(ending.returning(PersonSession.id))
    if ended is None:
        raise NotFound.of("session", public_id)


def revoke(session: Session, token: str) -> None:
    """End the session with this token, if there is one. The session must not be narrowed."""
    session.execute(_ending().where(PersonSession.token_hash == tokens.digest(token)))


def revoke_all(session: Session, person_id: UUID, organization_id: UUID) -> None:
    """End the sessions of a person that show this organization."""
    session.execute(_ending().where(*_of_member(person_id, organization_id)))


def require_rotation(session: Session, person_id: UUID, organization_id: UUID) -> None:
    """Let the sessions of a person that show this organization get other tokens with their next request."""
    session.execute(update(PersonSession).where(*_of_member(person_id, organization_id)).values(must_rotate=True))


def organizations_of(session: Session, person_id: UUID) -> Sequence[UUID]:
    """The organizations that a person may see, in the order in which it was added to them."""
    present = select(Membership.organization_id).where(
        Membership.person_id == person_id, Membership.disabled_at.is_(None)
    )
    return session.scalars(present.order_by(Membership.created_at, Membership.organization_id)).all()


def _present(token: str) -> Select[PersonSession, Person, str, str, bool]:
    is_member = and_(
        Membership.person_id == PersonSession.person_id,
        Membership.organization_id == PersonSession.organization_id,
        Membership.disabled_at.is_(None),
    )
    is_stale = PersonSession.last_seen_at < func.now() - SEEN_EVERY
    return (
        select(PersonSession, Person, Membership.role, Organization.kind, is_stale)
        .join(Membership, is_member)
        .join(Person, Person.id == PersonSession.person_id)
        .join(Organization, Organization.id == PersonSession.organization_id)
        .where(PersonSession.token_hash == tokens.digest(token), *_OPEN)
    )


def _rotate(session: Session, token: str) -> str | None:
    """Give a session another token; the former one is worth nothing. None if another request has done it."""
    new = tokens.new()
    rotated = update(PersonSession).where(PersonSession.token_hash == tokens.digest(token), *_OPEN)
    rotated = rotated.values(token_hash=tokens.digest(new), must_rotate=False)
    return new if session.scalar(rotated.returning(PersonSession.id)) is not None else None


def _load_organizations(session: Session, person_id: UUID) -> tuple[OwnOrganization, ...]:
    own = (
        select(Organization.id, Organization.name, Organization.kind)
        .join(Membership, Membership.organization_id == Organization.id)
        .where(Membership.person_id == person_id, Membership.disabled_at.is_(None))
        .order_by(Organization.name, Organization.id)
    )
    return tuple(
        OwnOrganization(ids.encode(ids.ORGANIZATION, id_), name, kind) for id_, name, kind in session.execute(own)
    )


def _of_member(person_id: UUID, organization_id: UUID) -> tuple[Any, ...]:
    return PersonSession.person_id == person_id, PersonSession.organization_id == organization_id


def _ending() -> Update:
    return update(PersonSession).where(PersonSession.revoked_at.is_(None)).values(revoked_at=func.now())
