"""Contents of mails whose links have tokens: made when the mail is sent, and stored as hashes only."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select

from app.mail.making.contents import About, Content, Link
from app.mail.making.values import of_partner, offer
from app.mail.recipients import Unsent
from app.partners.joining import confirmations, invitations
from app.partners.models import Partner
from app.partners.validation import OPEN
from app.people import login_links
from app.sentences.say import Minute, say

LINKS_AT_ONCE: Final = 10
HIDDEN: Final = "…"
"""Stands for the token where a mail is only shown."""
NOTHING_TO_CONFIRM: Final = Unsent("given_up", "nothing_to_confirm")


def login(about: About) -> Content:
    """A link that signs in."""
    assert about.mail.person_id is not None, "a sign-in link is for a person"
    token = HIDDEN if about.is_preview else login_links.issue(about.session, about.mail.person_id)
    link = Link(say("mail.login.link"), login_links.address(about.public_url, token))
    return Content({"public_url": about.public_url}, [link])


def confirm_address(about: About) -> Content | Unsent:
    """A link for each partner that signed up with the address and has not confirmed it."""
    links = [
        Link(
            say("mail.confirm_address.link", code=partner.slug),
            confirmations.link(
                about.public_url, HIDDEN if about.is_preview else confirmations.issue(about.session, partner)
            ),
        )
        for partner in _unconfirmed(about)
    ]
    if not links and not about.is_preview:
        return NOTHING_TO_CONFIRM
    return Content(
        {"program_name": about.brand_name, "lifetime": say("count.days", count=confirmations.LIFETIME.days)}, links
    )


def already_enrolled(about: About) -> Content:
    """The way into the account of the partner who owns the address."""
    assert about.partner is not None
    name = about.brand_name
    if not invitations.may_join(about.partner):
        return Content({"program_name": name, "way": say("mail.already_enrolled.by_owner")})
    link, until = _invitation(about, about.partner)
    return Content({"program_name": name, "way": say("mail.already_enrolled.by_link", until=until)}, [link])


def invitation(about: About) -> Content | Unsent:
    """The link that creates an account, with what the partner would earn."""
    assert about.partner is not None
    if not invitations.may_join(about.partner):
        return Unsent("given_up", "joined_already")
    link, until = _invitation(about, about.partner)
    return Content({**of_partner(about), "commission": offer(about), "until": until}, [link])


def _invitation(about: About, partner: Partner) -> tuple[Link, Minute]:
    assert about.program is not None
    token, until = HIDDEN, datetime.now(UTC) + invitations.LIFETIME
    if not about.is_preview:
        token, until = invitations.issue(about.session, partner)
    words = say("mail.invitation.link")
    return Link(words, invitations.link(about.public_url, token)), Minute(until, about.program.time_zone)


def _unconfirmed(about: About) -> Sequence[Partner]:
    """The partners that signed up for the program with the address and have not confirmed it, newest first."""
    assert about.partner is not None
    waiting = select(Partner).where(
        Partner.program_id == about.partner.program_id,
        Partner.email == about.partner.email,
        Partner.email_state == "unconfirmed",
        Partner.status.in_(OPEN),
    )
    return about.session.scalars(waiting.order_by(Partner.id.desc()).limit(LINKS_AT_ONCE)).all()
