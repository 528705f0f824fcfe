"""Signing up, in snake_case."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app import ids
from app.api.shapes import EmailAddress, OneLine, Request, ShownOnce, Snake
from app.partners.invitations import Joined
from app.partners.shapes import AFFILIATE_STATUS, AffiliateStatus

ASKED = "We have written to this address, if it can be written to: it is known in this program already."


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


class SignUpAsked(Snake):
    """Nothing was made."""

    message: str = Field(default=ASKED)


def signed_up(joined: Joined) -> SignedUp:
    """What was made, with the key."""
    partner = joined.partner
    return SignedUp(
        organization_id=ids.encode(ids.ORGANIZATION, joined.organization_id),
        api_key=joined.api_key,
        partner_id=ids.encode(ids.PARTNER, partner.id),
        program_id=ids.encode(ids.PROGRAM, partner.program_id),
        status=AFFILIATE_STATUS[partner.status],
        code=partner.slug,
    )
