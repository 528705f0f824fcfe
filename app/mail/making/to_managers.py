"""Contents of mails to those who manage an organization."""

from app import ids
from app.mail.making.contents import About, Content
from app.mail.making.to_partners import disabled_on, still_disabled
from app.mail.making.values import mode
from app.mail.recipients import Unsent
from app.partners.models import Partner
from app.sentences import catalogue
from app.sentences.say import Money, Value, listed, say, show


def new_application(about: About) -> Content | Unsent:
    """Who applies, unless that was decided already."""
    partner = about.session.get(Partner, ids.decode(about.details["partner_id"], *ids.PARTNER_PREFIXES))
    if partner is None or partner.status != "pending":
        return Unsent("given_up", "decided_already")
    values = {**_names(about), "partner_name": partner.full_name or partner.slug}
    return Content(values, [about.link(f"/console/partners/{about.details['partner_id']}")])


def event_parked(about: About) -> Content:
    """Which event it was, the first of the day."""
    event_id = about.details["event_id"]
    values = {**_names(about), "event": event_id, "event_type": about.details["event_type"], "mode": mode(about)}
    return Content(values, [about.link("/console/events?outcome=parked")])


def endpoint_disabled(about: About) -> Content | Unsent:
    """Which endpoint it is, unless it was enabled again."""
    endpoint = still_disabled(about)
    if endpoint is None:
        return Unsent("given_up", "enabled_again")
    public_id = ids.encode(ids.OUTBOUND_ENDPOINT, endpoint.id)
    values = {**_names(about), "endpoint": public_id, "mode": mode(about)}
    values |= {"disabled_on": disabled_on(about, endpoint), "public_url": about.public_url}
    return Content(values, [about.link(f"/console/deliveries?endpoint_id={public_id}")])


def payout_ready(about: About) -> Content:
    """How many payouts of a run wait for being sent, and their sums."""
    language = catalogue.current().language
    sums = [show(Money(one["net_minor"], one["currency"]), language) for one in about.details["amounts"]]
    values = {
        **_names(about),
        "payouts": say("count.payouts", count=int(about.details["count"])),
        "amounts": listed(sums),
        "mode": mode(about),
    }
    return Content(values, [about.link(f"/console/payout-runs/{about.details['run_id']}")])


def _names(about: About) -> dict[str, Value]:
    organization = about.organization.name if about.organization else say("format.unknown")
    program = {"program_name": about.program.name} if about.program else {}
    return {"organization_name": organization, **program}
