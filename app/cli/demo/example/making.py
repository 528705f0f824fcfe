"""Makes the example: programs and partners, half a year of sales, and what the owner decides and pays today."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from app.cli.demo.example import past, people
from app.cli.demo.example.people import Affiliate
from app.cli.demo.example.shop import Shop
from app.errors import Unavailable
from app.immutable import immutable
from app.views import instant_text

LONGEST_WAITS: Final = 300
UNAPPROVED_DAYS: Final = 40
"""How old payments are that the second program's owner has approved."""
FAILED: Final = "emma"
"""The payout of this partner did not arrive."""
PROGRAMS: Final = "/v1/admin/affiliate/programs"


@immutable
class Example:
    """What was made: the ids of both programs, and of the partners by their codes."""

    program_id: str
    agencies_id: str
    partner_ids: Mapping[str, str]


def make(shop: Shop, program_id: str, now: datetime) -> Example:
    """Make the example in an organization that has only its default program; today is `now`."""
    shop.call("PATCH", f"{PROGRAMS}/{program_id}", people.FRIENDS)
    agencies_id = str(shop.call("POST", PROGRAMS, people.AGENCIES)["id"])
    example = Example(
        program_id,
        agencies_id,
        {one.code: _enroll(shop, one, agencies_id if one.is_agency else program_id) for one in people.PARTNERS},
    )
    past.live(shop, now)
    _follow_links(shop)
    _decide(shop, example, now)
    _pay(shop, example)
    shop.call("POST", "/v1/public/affiliate/signup", {"program_id": program_id, **people.APPLICANT})
    return example


def _enroll(shop: Shop, partner: Affiliate, program_id: str) -> str:
    """A partner that is active: invited and joined, or set active by the owner. Returns its id."""
    if partner.has_joined:
        invitation = {"email": partner.email, "name": partner.name, "slug": partner.code}
        invited = shop.call("POST", f"{PROGRAMS}/{program_id}/invite", invitation)
        token = str(invited["signup_url"]).rpartition("#")[2]
        shop.call("POST", "/v1/public/affiliate/signup", {"name": partner.name, "token": token})
        partner_id = "par_" + str(invited["id"]).rpartition("_")[2]
    else:
        first, _, last = partner.name.partition(" ")
        described = {"email": partner.email, "slug": partner.code, "first_name": first, "last_name": last}
        partner_id = str(shop.call("POST", "/api/v1/partners", {**described, "program_id": program_id})["id"])
        shop.call("PATCH", f"/api/v1/partners/{partner_id}", {"status": "active"})
    if partner.method is not None:
        shop.call("PUT", f"/api/v1/partners/{partner_id}/payout-method", partner.method)
    return partner_id


def _follow_links(shop: Shop) -> None:
    for code, times in people.CLICKS.items():
        for number in range(times):
            shop.visit(f"/r/{code}?utm_source={'newsletter' if number % 3 else 'blog'}")


def _decide(shop: Shop, example: Example, now: datetime) -> None:
    """The owner approves what agencies earned some time ago, and pauses a partner."""
    until = instant_text(now - timedelta(days=UNAPPROVED_DAYS))
    shop.call("POST", "/api/v1/commissions/approve", {"programId": example.agencies_id, "until": until})
    shop.call("POST", f"{PROGRAMS}/{example.program_id}/affiliates/{example.partner_ids[people.PAUSED]}/pause", {})


def _pay(shop: Shop, example: Example) -> None:
    """One run is paid, but for a payout that failed; the other one waits for its file to be uploaded."""
    shop.call("PUT", "/api/v1/payout-settings", {"debtor": people.DEBTOR})
    paid = _run(shop, example.program_id)
    for file in paid["files"]:
        shop.call("GET", f"/api/v1/payout-runs/{paid['id']}/files/{file['id']}")
    for payout in paid["payouts"]:
        if payout["partner_id"] == example.partner_ids[FAILED]:
            shop.call("POST", f"/api/v1/payouts/{payout['id']}/fail", {"reason": "The PayPal account is closed."})
        else:
            reference = f"7XK{payout['reference'][-9:]}"
            shop.call("POST", f"/api/v1/payouts/{payout['id']}/confirm", {"reference": reference})
    _run(shop, example.agencies_id)


def _run(shop: Shop, program_id: str) -> Mapping[str, Any]:
    """A run of everything that is payable, once its payouts are reserved and its files made."""
    run_id = str(shop.call("POST", f"{PROGRAMS}/{program_id}/payouts", {})["data"]["id"])
    for _ in range(LONGEST_WAITS):
        shop.wait()
        run: Mapping[str, Any] = shop.call("GET", f"/api/v1/payout-runs/{run_id}")["data"]
        if run["status"] != "reserving":
            return run
    raise Unavailable(f"the payouts of {run_id} were not reserved in time")
