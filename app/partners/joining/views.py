"""Signing up, in snake_case."""

from typing import Annotated, Any, cast

from pydantic import ConfigDict, Field

from app import ids
from app.partners.enrollment import EmailState
from app.partners.joining.invitations import Joined, Offered
from app.partners.models import Partner
from app.partners.offers import rate_in_words
from app.partners.views import AFFILIATE_STATUS, AffiliateStatus
from app.views import EmailAddress, Instant, OneLine, Request, ShownOnce, Snake


class SignUp(Request):
    """Who wants to be a partner of which program, or who comes with an invitation."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"program_id": "prog_01h455vb4pex5vsknk084sn02q", "name": "Zoe Smith", "email": "zoe@example.com"}
            ]
        }
    )

    name: Annotated[str, Field(min_length=1, max_length=200), OneLine(filled=True)]
    program_id: str | None = Field(default=None, description="Needed without a token.")
    email: EmailAddress | None = Field(default=None, description="Needed without a token.")
    token: str | None = Field(
        default=None, max_length=200, description="Of an invitation; it says which program and address."
    )


class SignedUp(Snake):
    """Your organization, its key and your enrollment. The key is shown this once."""

    organization_id: str = Field(examples=["org_01h455vb4pex5vsknk084sn02q"])
    api_key: ShownOnce = Field(description="A manage key, shown this once.", examples=["aff_…"])
    partner_id: str = Field(examples=["par_01h455vb4pex5vsknk084sn02q"])
    program_id: str
    status: AffiliateStatus = Field(description="pending: the program's owner approves first.")
    code: str
    link: str | None = Field(description="To share; null while the program has no landing page.")
    email_state: EmailState = Field(
        description="unconfirmed: use the link that is mailed to the address; given: the program's owner invited it."
    )


class InvitationToken(Request):
    """The token of an invitation's link."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "what stands behind # in the link"}]})

    token: Annotated[str, Field(min_length=1, max_length=200), OneLine()]


class InvitationBody(Snake):
    """Who invites, to what, and what it pays."""

    organization_name: str
    program_id: str
    program_name: str
    commission: dict[str, Any]
    commission_in_words: str = Field(examples=["20 %, for 12 billing cycles"])
    holdback_days: int | None = Field(description="Between a payment and its approval; null: the owner approves.")
    name: str | None = Field(description="As the owner wrote it.")
    code: str
    expires_at: Instant


class Confirmation(Request):
    """The token of a mailed link."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "what stands behind # in the link"}]})

    token: Annotated[str, Field(min_length=1, max_length=200), OneLine()]


class Confirmed(Snake):
    """Whose address was confirmed."""

    partner_id: str = Field(examples=["par_01h455vb4pex5vsknk084sn02q"])
    program_id: str
    status: AffiliateStatus = Field(description="pending: the program's owner approves first.")
    code: str
    email_state: EmailState


def signed_up(joined: Joined, link: str | None) -> SignedUp:
    """What was made, with the key and the link to share."""
    partner = joined.partner
    return SignedUp(
        organization_id=ids.encode(ids.ORGANIZATION, joined.organization_id),
        api_key=joined.api_key,
        partner_id=ids.encode(ids.PARTNER, partner.id),
        program_id=ids.encode(ids.PROGRAM, partner.program_id),
        status=AFFILIATE_STATUS[partner.status],
        code=partner.slug,
        link=link,
        email_state=cast("EmailState", partner.email_state),
    )


def invitation_body(offered: Offered) -> InvitationBody:
    """What the invited person decides about."""
    partner, program = offered.partner, offered.program
    return InvitationBody(
        organization_name=offered.organization_name,
        program_id=ids.encode(ids.PROGRAM, program.id),
        program_name=program.name,
        commission=dict(offered.commission),
        commission_in_words=rate_in_words(offered.commission, program.currency),
        holdback_days=offered.holdback_days,
        name=" ".join(filter(None, (partner.first_name, partner.last_name))) or None,
        code=partner.slug,
        expires_at=offered.expires_at,
    )


def confirmed(partner: Partner) -> Confirmed:
    """The partner whose address was confirmed."""
    return Confirmed(
        partner_id=ids.encode(ids.PARTNER, partner.id),
        program_id=ids.encode(ids.PROGRAM, partner.program_id),
        status=AFFILIATE_STATUS[partner.status],
        code=partner.slug,
        email_state=cast("EmailState", partner.email_state),
    )
