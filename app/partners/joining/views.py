"""Views of joining: sign-up, invitations and confirmations, in snake_case."""

from typing import Any, cast

from pydantic import Field
from sqlalchemy.orm import Session

from app import ids
from app.partners.enrollment import EmailState
from app.partners.joining.invitations import Joined, Offered
from app.partners.models import Partner
from app.partners.partner_side import enrollments
from app.partners.validation import AffiliateStatus, affiliate_status
from app.programs.models import Program
from app.programs.shapes import shape_of
from app.views import Instant, ShownOnce, Snake


class SignedUp(Snake):
    """Your organization, its key and your enrollment. The key is shown this once."""

    organization_id: str = Field(examples=["org_01h455vb4pex5vsknk084sn02q"])
    api_key: ShownOnce = Field(description="A manage key, shown this once.", examples=["aff_…"])
    partner_id: str = Field(examples=["par_01h455vb4pex5vsknk084sn02q"])
    program_id: str
    status: AffiliateStatus = Field(description="pending: the program's owner approves first.")
    code: str
    link: str | None = Field(description="The link to share; null while the program has no landing page.")
    email_state: EmailState = Field(
        description="unconfirmed: use the link that is mailed to the address; given: the program's owner invited it."
    )


class InvitationBody(Snake):
    """The organization that invites, the program, and its commission."""

    organization_name: str
    program_id: str
    program_name: str
    commission: dict[str, Any]
    commission_text: str = Field(examples=["20 %, for 12 billing cycles"])
    holdback_days: int | None = Field(
        description="Days between a payment and the approval of its commission; null: the owner approves."
    )
    name: str | None = Field(description="The name the owner gave the partner.")
    code: str
    expires_at: Instant


class Confirmed(Snake):
    """The partner whose address was confirmed."""

    partner_id: str = Field(examples=["par_01h455vb4pex5vsknk084sn02q"])
    program_id: str
    status: AffiliateStatus = Field(description="pending: the program's owner approves first.")
    code: str
    email_state: EmailState


def load_signed_up(session: Session, joined: Joined, public_url: str) -> SignedUp:
    """What was made, with the key and the link to share. Not in a narrowed session."""
    program = session.get_one(Program, joined.partner.program_id)
    return signed_up(joined, enrollments.link_to_share(session, public_url, joined.partner, program))


def signed_up(joined: Joined, link: str | None) -> SignedUp:
    """The answer to a sign-up, with the new key and the link to share."""
    partner = joined.partner
    return SignedUp(
        organization_id=ids.encode(ids.ORGANIZATION, joined.organization_id),
        api_key=joined.api_key,
        partner_id=ids.encode(ids.PARTNER, partner.id),
        program_id=ids.encode(ids.PROGRAM, partner.program_id),
        status=affiliate_status(partner.status),
        code=partner.slug,
        link=link,
        email_state=cast("EmailState", partner.email_state),
    )


def invitation_body(offered: Offered) -> InvitationBody:
    """The offer of an invitation, as the invited person sees it."""
    partner, program = offered.partner, offered.program
    return InvitationBody(
        organization_name=offered.organization_name,
        program_id=ids.encode(ids.PROGRAM, program.id),
        program_name=program.name,
        commission=dict(offered.commission),
        commission_text=shape_of(offered.commission).offer(program.currency),
        holdback_days=offered.holdback_days,
        name=partner.full_name,
        code=partner.slug,
        expires_at=offered.expires_at,
    )


def confirmed(partner: Partner) -> Confirmed:
    """The answer to a confirmation."""
    return Confirmed(
        partner_id=ids.encode(ids.PARTNER, partner.id),
        program_id=ids.encode(ids.PROGRAM, partner.program_id),
        status=affiliate_status(partner.status),
        code=partner.slug,
        email_state=cast("EmailState", partner.email_state),
    )
