"""The public tool: sign up as a partner, by open sign-up or an invitation's token."""

from app import db
from app.mcp.calls import Call
from app.organizations import actors
from app.partners.joining import signup, views
from app.partners.joining.applications.commands import Filled
from app.rest.partner_side.requests import SignUp


def sign_up(call: Call, body: SignUp) -> views.SignedUp:
    """Become a partner: send program_id, name and email, or an invitation's token and a name. Keep the api_key."""
    with db.web_transaction() as session:
        joined = signup.register(
            session,
            actors.MCP,
            name=body.name,
            program_id=body.program_id,
            email=body.email,
            token=body.token,
            filled=Filled(body.answers, body.agreement_version),
        )
        return views.load_signed_up(session, joined, call.settings.public_url)
