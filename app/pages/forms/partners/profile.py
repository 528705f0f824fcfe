"""A partner's name, address, codes and upline."""

from typing import Annotated

from flask import Response, request
from flask.typing import ResponseReturnValue
from pydantic import AfterValidator, Field
from sqlalchemy.orm import Session

from app import ids
from app.pages import layout, signed_in
from app.pages.console.frame import blueprint, sent
from app.pages.forms.fields import Line
from app.pages.forms.partners.standing import to_partner
from app.pages.signed_in import SignedIn
from app.partners.managing import commands
from app.partners.models import Partner
from app.partners.queries.listing import find_named, get_partner
from app.partners.validation import slug as valid_slug
from app.views import EmailAddress, Request

Code = Annotated[str, AfterValidator(valid_slug)]


class Profile(Request):
    """Who a partner is; `parent` is its upline's id, code or address, None for none."""

    email: EmailAddress
    first_name: Line | None = None
    last_name: Line | None = None
    slug: Code
    parent: Annotated[str, Field(max_length=300)] | None = None


class NewCode(Request):
    """One more code."""

    code: Code


@blueprint.get("/partners/<partner_id>/profile")
@signed_in.page("partners:write")
def partner_profile(session: Session, who: SignedIn, partner_id: str) -> Response:
    """The form with the present values."""
    partner = get_partner(session, who.caller.organization_ids, partner_id)
    parent = None if partner.parent_id is None else session.get_one(Partner, partner.parent_id)
    names = ("email", "first_name", "last_name", "slug")
    present = {name: getattr(partner, name) or "" for name in names} | {"parent": parent.slug if parent else ""}
    return layout.render(
        "console/partners/profile.html",
        who,
        partner_id=partner_id,
        name=partner.full_name or partner.slug,
        values=request.form if "email" in request.form else present,
        code=request.form.get("code", ""),
    )


@blueprint.post("/partners/<partner_id>/profile")
@signed_in.form("partners:write", shown_on=partner_profile)
def change_partner(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """Change the values that differ."""
    partner = get_partner(session, who.caller.organization_ids, partner_id, to_change=True)
    asked = sent(Profile)
    own = [partner.organization_id]
    parent = find_named(session, own, asked.parent.strip(), to_change=False) if asked.parent else None
    values = asked.model_dump(exclude={"parent"})
    changes = {name: value for name, value in values.items() if value != getattr(partner, name)}
    if (parent and parent.id) != partner.parent_id:
        changes["parent_id"] = parent and ids.encode(ids.PARTNER, parent.id)
    if changes:
        commands.change(session, who.caller, partner, changes)
    return layout.flash(to_partner(partner_id), "partner_changed")


@blueprint.post("/partners/<partner_id>/codes")
@signed_in.form("partners:write", shown_on=partner_profile)
def add_partner_code(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """Give the partner one more code; the present one stays the one of its link."""
    partner = get_partner(session, who.caller.organization_ids, partner_id, to_change=True)
    asked = sent(NewCode)
    commands.add_code(session, who.caller, partner, asked.code)
    return layout.flash(to_partner(partner_id), "code_added", spelling=asked.code)
