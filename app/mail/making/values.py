"""Values that several kinds of mails have."""

from app import ids
from app.mail.making.contents import About
from app.partners.terms import snapshots
from app.programs.shapes import shape_of
from app.programs.terms import terms_in_force
from app.sentences.say import Value, say


def of_partner(about: About) -> dict[str, Value]:
    """The names in every mail to a partner; a partner without a name is called by its code."""
    assert about.partner is not None
    assert about.organization is not None
    return {
        "partner_name": about.partner.full_name or about.partner.slug,
        "partner_code": about.partner.slug,
        "program_name": about.brand_name,
        "organization_name": about.organization.name,
    }


def offer(about: About) -> str:
    """What the partner earns now by its terms."""
    assert about.partner is not None
    assert about.program is not None
    stamped = snapshots.in_force(about.session, about.partner.id) or terms_in_force(about.session, about.program.id)
    return shape_of(stamped.commission).offer(about.program.currency)


def mode(about: About) -> str:
    """The mode of what the mail is about, as a part of a sentence."""
    return say("mail.mode.live" if about.mail.livemode else "mail.mode.test")


def portal(about: About, path: str = "") -> str:
    """The path of a page of the partner's program in the portal."""
    assert about.mail.program_id is not None
    return f"/portal/{ids.encode(ids.PROGRAM, about.mail.program_id)}{path}"
