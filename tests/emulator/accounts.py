"""Connected accounts: created through the API, onboarded through a link, restricted and paid out by Stripe.

An account made by `Emulator.connected` has no document here: it takes transfers and has no requirements.
"""

from dataclasses import dataclass, field
from typing import Final

from tests.stripe_stories.documents import Document
from tests.stripe_stories.families import Family

from . import answers, requests
from .answers import Answer, Refused
from .requests import Request
from .world import Scope, World

LINK_SECONDS: Final = 300
"""How long an account link works. Source: Stripe API reference, "Account Links": it expires after some minutes."""
PLATFORM: Final = "acct_1Platform"
PERSON: Final = ("external_account", "individual.dob.day", "individual.id_number", "tos_acceptance.date")
"""What a new account still owes."""
AGREEMENTS: Final = ("full", "recipient")


@dataclass
class Recipient:
    """A connected account with what Stripe knows of it.

    Attributes:
        transfers: the status of the capability: inactive, pending, active.
        owed: the requirements that are currently due.
        disabled_reason: why transfers are not active, in Stripe's words; None where they are.
        errors: requirement → reason, of what was submitted and not accepted.
        is_accepted: the terms were accepted, after which the kind of agreement cannot change.
    """

    id: str
    scope: Scope
    created: int
    country: str
    agreement: str
    controller: Document
    email: str | None
    metadata: Document
    transfers: str = "inactive"
    owed: list[str] = field(default_factory=lambda: list(PERSON))
    disabled_reason: str | None = "requirements.past_due"
    errors: dict[str, str] = field(default_factory=dict)
    is_accepted: bool = False

    def document(self) -> Document:
        """The account as it is now. Source: Stripe API reference, "The Account object"."""
        return {
            "id": self.id,
            "object": "account",
            "business_type": None,
            "capabilities": {"transfers": self.transfers},
            "charges_enabled": False,
            "controller": self.controller,
            "country": self.country,
            "created": self.created,
            "default_currency": "usd" if self.country == "US" else "eur",
            "details_submitted": self.is_accepted,
            "email": self.email,
            "metadata": dict(self.metadata),
            "payouts_enabled": self.transfers == "active",
            "requirements": self._requirements(),
            "tos_acceptance": {"date": self.created if self.is_accepted else None, "service_agreement": self.agreement},
            "type": "none",
        }

    def capability(self) -> Document:
        """The capability `transfers`. Source: Stripe API reference, "The Capability object"."""
        return {
            "id": "transfers",
            "object": "capability",
            "account": self.id,
            "requested": True,
            "requested_at": self.created,
            "requirements": self._requirements(),
            "status": self.transfers,
        }

    def _requirements(self) -> Document:
        errors = [
            {"code": "invalid_value_other", "reason": reason, "requirement": requirement}
            for requirement, reason in self.errors.items()
        ]
        return {
            "alternatives": [],
            "current_deadline": None,
            "currently_due": list(self.owed),
            "disabled_reason": self.disabled_reason,
            "errors": errors,
            "eventually_due": list(self.owed),
            "past_due": list(self.owed) if self.disabled_reason == "requirements.past_due" else [],
            "pending_verification": [],
        }


@dataclass
class AccountLink:
    """A hosted onboarding link: single use, for some minutes."""

    account: str
    url: str
    expires_at: int
    refresh_url: str
    return_url: str
    is_used: bool = False


def create_account(world: World, scope: Scope, request: Request, _family: Family) -> Answer:
    """`POST /v1/accounts`, by controller properties.

    Raises Refused for a `type` (deprecated), and for an agreement that does not fit the country.
    """
    if request.one("type"):
        raise Refused(400, "Use controller properties instead of type.", code="parameter_unknown", param="type")
    controller = requests.nested(request.params, "controller")
    if not controller:
        raise Refused(400, "Missing required param: controller.", code="parameter_missing", param="controller")
    country = request.one("country") or world.country
    agreement = request.one("tos_acceptance[service_agreement]") or "full"
    _refuse_agreement(world, country, agreement)
    if request.one("capabilities[transfers][requested]") != "true":
        message = "You must request at least one capability of the account."
        raise Refused(400, message, code="parameter_missing", param="capabilities")
    if not world.is_connect_approved:
        message = "Your platform needs approval for accounts with the `transfers` capability without `card_payments`."
        return answers.error(400, message)
    made = Recipient(
        id=world.ids_for("account").fresh("acct"),
        scope=scope,
        created=world.now,
        country=country,
        agreement=agreement,
        controller=controller,
        email=request.one("email"),
        metadata=requests.nested(request.params, "metadata"),
    )
    world.recipients[made.id] = made
    world.families.setdefault(made.id, world.families[""])
    hold(world, made)
    return answers.document(made.document())


def create_link(world: World, scope: Scope, request: Request, _family: Family) -> Answer:
    """`POST /v1/account_links`, for onboarding."""
    account = requests.demand(request, "account")
    refresh_url, return_url = requests.demand(request, "refresh_url"), requests.demand(request, "return_url")
    if requests.demand(request, "type") != "account_onboarding":
        raise Refused(400, "Invalid type.", param="type")
    found = world.recipients.get(account)
    if found is None or found.scope != scope:
        raise answers.no_such("account", account, "account")
    url = f"https://connect.stripe.com/setup/c/{account}/{world.ids_for('link').token}"
    made = AccountLink(account, url, world.now + LINK_SECONDS, refresh_url, return_url)
    world.links[url] = made
    document = {"object": "account_link", "created": world.now, "expires_at": made.expires_at, "url": url}
    return answers.document(document)


def hold(world: World, recipient: Recipient) -> None:
    """Keep an account as it is now, for its platform and for itself."""
    document, capability = recipient.document(), recipient.capability()
    for scope in (recipient.scope, (recipient.id, recipient.scope[1])):
        world.hold(scope, "account", recipient.id, recipient.created, lambda _family: document)
    own = (recipient.id, recipient.scope[1])
    world.hold(own, "capability", f"{recipient.id}/transfers", recipient.created, lambda _family: capability)


def platform(world: World) -> Document:
    """The account whose key asks. Source: Stripe API reference, "Retrieve account"."""
    return {
        "id": PLATFORM,
        "object": "account",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "country": world.country,
        "default_currency": "usd",
    }


def balance(world: World, *, livemode: bool) -> Document:
    """What transfers can be paid from. Source: Stripe API reference, "The Balance object"."""
    available = [
        {"amount": amount_minor, "currency": currency, "source_types": {"card": amount_minor}}
        for currency, amount_minor in sorted(world.funds_minor.items())
    ]
    return {"object": "balance", "available": available, "livemode": livemode, "pending": []}


def _refuse_agreement(world: World, country: str, agreement: str) -> None:
    """Source: Stripe, "Service agreement types": another region's account must be a recipient."""
    if agreement not in AGREEMENTS:
        raise Refused(400, f"Invalid service_agreement: {agreement}", param="tos_acceptance[service_agreement]")
    is_abroad = world.region_of(country) != world.region_of(world.country)
    if is_abroad and agreement == "full":
        message = f"Accounts in {country} cannot have the full agreement for platforms in {world.country}."
        raise Refused(400, message, param="tos_acceptance[service_agreement]")
    if country == world.country and agreement == "recipient":
        message = (
            f"The recipient ToS agreement is not supported for platforms in {world.country} creating accounts in "
            f"{country}."
        )
        raise Refused(400, message, param="tos_acceptance[service_agreement]")
