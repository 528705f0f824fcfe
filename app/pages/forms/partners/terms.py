"""Other terms for one partner: the form, the check that says what it will earn, and the change."""

from typing import Any, Literal

from flask import Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.explanations import partners as explanations
from app.explanations.earnings import offers, previews
from app.pages import layout, signed_in
from app.pages.console.frame import blueprint, sent
from app.pages.forms.once import once
from app.pages.forms.partners.standing import to_partner
from app.pages.forms.programs import fields
from app.pages.signed_in import SignedIn
from app.partners.managing import commands
from app.partners.models import Partner
from app.partners.queries.listing import get_partner
from app.partners.terms import snapshots
from app.partners.terms.snapshots import AppliesTo
from app.programs import commands as program_commands
from app.programs.models import Program


class Amendment(fields.CommissionFields, fields.Beginning):
    """Other terms.

    Attributes:
        whose: the partner's own commission, or the program's terms in force.
        apply_to: the customers whose payments the terms count for.
    """

    whose: Literal["own", "program"]
    apply_to: AppliesTo = "all_customers"


@blueprint.get("/partners/<partner_id>/terms")
@signed_in.page("partners:write")
def partner_terms(session: Session, who: SignedIn, partner_id: str) -> Response:
    """The form with the partner's terms in force, or those of the program."""
    partner = get_partner(session, who.caller.organization_ids, partner_id)
    return _render(session, who, partner, values=request.form or _present(session, partner))


@blueprint.post("/partners/<partner_id>/terms/check")
@signed_in.form("partners:write", shown_on=partner_terms)
def check_partner_terms(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """What the partner would earn by the terms, and on which payments; changes nothing."""
    partner, asked = get_partner(session, who.caller.organization_ids, partner_id, to_change=True), sent(Amendment)
    offer = previews.try_amendment(session, partner, lambda: _amend(session, who, partner, asked))
    return _render(
        session, who, partner, values=request.form, asked=asked, preview=offers.sentences_of(offer), offer=offer
    )


@blueprint.post("/partners/<partner_id>/terms")
@signed_in.form("partners:write", shown_on=partner_terms)
@once
def amend_partner_terms(session: Session, who: SignedIn, partner_id: str) -> ResponseReturnValue:
    """Stamp the terms that were checked onto the partner."""
    partner = get_partner(session, who.caller.organization_ids, partner_id, to_change=True)
    _amend(session, who, partner, sent(Amendment))
    return layout.flash(to_partner(partner_id), "partner_terms_changed")


def _amend(session: Session, who: SignedIn, partner: Partner, asked: Amendment) -> None:
    currency = session.get_one(Program, partner.program_id).currency
    commands.amend_terms(
        session,
        who.caller,
        partner,
        asked.commission(currency) if asked.whose == "own" else None,
        holdback_days=asked.holdback_days,
        applies_to=asked.apply_to,
        effective_from=asked.begins_at,
    )


def _present(session: Session, partner: Partner) -> dict[str, str]:
    """The values of the form for the terms in force."""
    program = program_commands.load_body(session, session.get_one(Program, partner.program_id))
    present = snapshots.in_force(session, partner.id)
    commission = program.commission if present is None else present.commission
    return {**fields.shown_commission(commission, program.currency), "whose": "own", "apply_to": "all_customers"}


def _render(session: Session, who: SignedIn, partner: Partner, **values: Any) -> Response:
    state = explanations.state_of(session, partner)
    livemode = who.caller.livemode
    return layout.render(
        "console/partners/terms.html",
        who,
        zone=state.program_time_zone,
        state=state,
        name=partner.full_name or partner.slug,
        customers=sum(note.customers for note in state.bound if note.livemode == livemode),
        **values,
    )
