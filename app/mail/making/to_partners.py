"""Contents of mails to partners about their enrollment, their earnings and their payouts."""

from datetime import date, datetime
from uuid import UUID

from app.mail.making.contents import About, Content, Link
from app.mail.making.values import mode, of_partner, offer, portal
from app.mail.recipients import Unsent
from app.outbox.models import OutboundEndpoint
from app.programs.shapes import shape_of
from app.sentences import payouts
from app.sentences.say import Day, Money, Month, Value, say


def application_received(about: About) -> Content | Unsent:
    """That the owner decides now."""
    assert about.partner is not None
    if about.partner.status != "pending":
        return Unsent("given_up", "decided_already")
    return Content(of_partner(about))


def approved(about: About) -> Content:
    """What the partner earns from now on."""
    return Content({**of_partner(about), "commission": offer(about)}, [about.link(portal(about))])


def rejected(about: About) -> Content:
    """Why."""
    return Content({**of_partner(about), "reason": str(about.details.get("reason") or say("mail.rejected.no_reason"))})


def first_commission(about: About) -> Content:
    """How much it is."""
    path = portal(about, f"/commissions/{about.details['commission_id']}")
    return Content({**of_partner(about), "amount": _amount(about)}, [about.link(path)])


def monthly_summary(about: About) -> Content:
    """What was earned and paid in the month, and what is owed at its end, in each currency."""
    table: list[tuple[str, Value]] = []
    links = []
    for statement in about.details["statements"]:
        currency = statement["currency"]
        for name in ("earned", "paid", "owed"):
            words = say(f"mail.monthly_summary.{name}")
            table.append((words, Money(statement[f"{name}_minor"], currency)))
        words = say("mail.monthly_summary.link", currency=currency.upper())
        path = portal(about, f"/statements/{statement['id']}")
        links.append(Link(words, f"{about.public_url}{path}"))
    month = Month(date.fromisoformat(about.details["month"]))
    return Content({**of_partner(about), "month": month}, links, table)


def rate_changed(about: About) -> Content:
    """What the partner earned before and earns then, and from when on."""
    assert about.program is not None
    since = Day(datetime.fromisoformat(about.details["effective_from"]), about.program.time_zone)
    before, after = (shape_of(about.details[name]).offer(about.program.currency) for name in ("before", "after"))
    values = {**of_partner(about), "before": before, "after": after, "effective_from": since}
    return Content(values, [about.link(portal(about))])


def payout_sent(about: About) -> Content:
    """How much, and by which way."""
    values = {**of_partner(about), "amount": _amount(about), "method": payouts.method_name(about.details["method"])}
    values["reference"] = str(about.details["reference"])
    return Content(values, [about.link(_payout(about))])


def payout_failed(about: About) -> Content:
    """How much, and why."""
    reason = payouts.failure(about.details["reason"], about.details["reason_details"])
    values = {**of_partner(about), "amount": _amount(about), "method": payouts.method_name(about.details["method"])}
    values["reason"] = reason or say("mail.payout_failed.no_reason")
    return Content(values, [about.link(_payout(about))])


def postback_disabled(about: About) -> Content | Unsent:
    """Since when, unless it was enabled again."""
    endpoint = still_disabled(about)
    if endpoint is None:
        return Unsent("given_up", "enabled_again")
    values = {**of_partner(about), "mode": mode(about), "disabled_on": disabled_on(about, endpoint)}
    return Content({**values, "public_url": about.public_url})


def still_disabled(about: About) -> OutboundEndpoint | None:
    """The endpoint that the mail is about, if it is still disabled."""
    endpoint = about.session.get(OutboundEndpoint, UUID(about.details["endpoint"]))
    if endpoint is None or endpoint.disabled_at is None or endpoint.deleted_at is not None:
        return None
    return endpoint


def disabled_on(about: About, endpoint: OutboundEndpoint) -> Value:
    """The day on which an endpoint was disabled."""
    assert endpoint.disabled_at is not None
    return Day(endpoint.disabled_at, about.program.time_zone if about.program else "UTC")


def _amount(about: About) -> Money:
    return Money(about.details["amount_minor"], about.details["currency"])


def _payout(about: About) -> str:
    return portal(about, f"/payouts/{about.details['payout_id']}")
