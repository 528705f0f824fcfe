"""The language of a person: chosen by the person alone, for the pages and for mails to it."""

from sqlalchemy.orm import Session

from app import ids
from app.organizations import audit
from app.people.models import Person
from app.people.sessions import SignedIn
from app.sentences import catalogue


def choose(session: Session, signed_in: SignedIn, language: str | None) -> None:
    """Show pages and write mails to a person in `language` from now on, with an audit entry.

    Args:
        session: not narrowed: a person may be in organizations that are not shown now.
        signed_in: the person who chooses.
        language: one that has a catalogue; None: that of the browser, and in mails that of the installation.

    Raises:
        InvalidRequest: no catalogue has this language.
    """
    if language is not None:
        catalogue.named(language)
    person = session.get_one(Person, signed_in.person_id)
    if person.language == language:
        return
    person.language = language
    session.flush()
    subject_id, owner_id = ids.encode(ids.PERSON, person.id), signed_in.caller.organization_id
    details = {"language": language}
    audit.add_entry(session, signed_in.caller, "person.language_chosen", subject_id, details, organization_id=owner_id)
