"""The partners that customer sign-ups name: those of their session's touchpoints, else the one that was stated."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy.orm import Session

from app import ids
from app.attribution import rules, sessions
from app.attribution.carriers import SIGN_UP
from app.attribution.rules import Name, Named, NoCredit, Occasion
from app.attribution.sessions import NamedSession
from app.attribution.signups.stated import Stated
from app.partners.queries import directory
from app.partners.queries.directory import Directory


def credited(session: Session, owner: UUID, signups: Iterable[Stated]) -> Mapping[UUID, Named | NoCredit]:
    """Whom each sign-up names, by its id: decided as for a payment at the time of the sign-up.

    Effects: inserts the touchpoints of their sessions into `session_touches`, which are kept for ever.
    """
    stated = list(signups)
    named_sessions = [
        NamedSession(str(each.id), SIGN_UP, each.session_id, "session_id", each.cause)
        for each in stated
        if each.session_id
    ]
    touches = sessions.store_touches(session, owner, named_sessions)
    names = {each.id: [*touches.get(str(each.id), ()), *_own_name(each)] for each in stated}
    partners = directory.load_directory(session, owner, names={name.name for named in names.values() for name in named})
    return {each.id: rules.find_partner(_occasion(each, names[each.id], partners), partners) for each in stated}


def _own_name(signup: Stated) -> list[Name]:
    if signup.partner_id is None:
        return []
    partner = ids.encode(ids.PARTNER, signup.partner_id)
    return [Name(str(signup.id), SIGN_UP, partner, "affiliate_id", signup.cause, signup.occurred_at)]


def _occasion(signup: Stated, names: Iterable[Name], partners: Directory) -> Occasion:
    """The sign-up with the names that count for it: those of its program's partners."""
    own = [
        name
        for name in names
        if (enrolled := partners.find(name.name)) is not None and enrolled.program_id == signup.program_id
    ]
    return Occasion(signup.occurred_at, str(signup.id), own)
