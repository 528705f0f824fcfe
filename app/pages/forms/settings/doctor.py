"""The doctor's page, and the check of one Stripe endpoint. Both ask other servers and hold no transaction."""

from contextlib import ExitStack
from functools import partial

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import db
from app.doctor import operator
from app.doctor.examine import Report, examine, examine_endpoint, examine_merchant
from app.doctor.views import ReportBody, report_body
from app.errors import Conflict
from app.http import configured, csv_lists
from app.organizations import access
from app.pages import layout, signed_in
from app.pages.console.frame import blueprint
from app.pages.forms.settings import stripe
from app.pages.signed_in import SignedIn
from app.people.roles import OWNER
from app.stripe_events.endpoints import rows


@blueprint.get("/settings/doctor")
@signed_in.page("endpoints:read")
def doctor(_session: Session, who: SignedIn) -> Response:
    """What the checks are; the button starts them."""
    return _show(who)


@blueprint.post("/settings/doctor")
@signed_in.form_that_waits("endpoints:read")
def run_doctor(_session: Session, who: SignedIn) -> ResponseReturnValue:
    """Run all checks, those about the machine for owners of the organization that runs the installation."""
    with ExitStack() as resources:
        csv_lists.take_slot(resources)
        seen = partial(access.transaction, who.caller)
        report = (examine if _is_operator(who) else examine_merchant)(configured.settings(), seen)
    return _show(who, report_body(report))


@blueprint.post("/settings/stripe/<endpoint_id>/check")
@signed_in.form_that_waits("endpoints:read")
def check_endpoint(_session: Session, who: SignedIn, endpoint_id: str) -> ResponseReturnValue:
    """Check one endpoint, here and, with an API key, at Stripe."""
    with access.transaction(who.caller) as session:
        endpoint = rows.get_endpoint(session, who.caller.organization_ids, endpoint_id)
        if endpoint.disabled_at is not None:
            raise Conflict("the endpoint is disabled, so there is nothing to check; enable it first")
    with ExitStack() as resources:
        csv_lists.take_slot(resources)
        report: Report = examine_endpoint(configured.settings(), partial(access.transaction, who.caller), endpoint_id)
    with access.transaction(who.caller) as session:
        return stripe.show(session, who, endpoint_id, report_body(report))


def _show(who: SignedIn, report: ReportBody | None = None) -> Response:
    return layout.render("console/settings/doctor.html", who, report=report, is_operator=_is_operator(who))


def _is_operator(who: SignedIn) -> bool:
    with db.web_transaction() as session:
        return who.role == OWNER and operator.is_operator(session, who.caller.organization_id)
