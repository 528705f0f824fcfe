"""What a shop has: one of everything that a path can name, with the public ids."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import ids
from app.attribution.promotions import owners
from app.branding import commands as branding
from app.commissions.elsewhere import opening_balances
from app.commissions.elsewhere.opening_balances import EarnedElsewhere
from app.commissions.settling.settlement import Cause
from app.config import Settings
from app.mail_queue import queue
from app.mail_queue.models import Mail
from app.organizations.actors import AppUser
from app.outbound import commands as outbound
from app.outbox import endpoints
from app.outbox.models import OutboundAttempt
from app.partners.joining.applications import commands as applications
from app.partners.managing import mails
from app.partners.models import Partner
from app.people import memberships
from app.programs.applying import commands as applying
from app.programs.applying.fields import Answer, FormField
from app.programs.models import Program
from app.referrals import claims, client_keys, codes, currencies
from app.signups import browser_keys, commands
from app.signups.commands import Registration
from app.statements import closing, periods
from app.statements.models import Statement
from app.stripe_events.endpoints import signing
from app.stripe_events.endpoints.rows import insert_endpoint
from app.stripe_events.scope import Scope
from app.stripe_sync import runs
from app.transfer.exports.stored import commands as exports
from app.transfer.imports.commands import ImportRequest, request_import
from app.transfer.imports.reading.inspecting import Sent
from tests.api.sales import Sale
from tests.branding import pictures
from tests.cast import Merchant

SHOPS_NAME = "The very shop"
BRAND = {
    "name": "Shop friends",
    "color": "#ffd400",
    "support_email": "partners@shop.example",
    "portal_text": "Hello {partner},\nnew pictures are on our site.\n\nYour code is {code}.",
    "application_text": "Earn {commission} in {program}.",
}
"""How partners see the shop's program; yellow is the hardest colour to read."""
Ids = dict[str, str]
"""Public ids by the name of the parameter that takes them."""


def fill(
    session: Session, settings: Settings, shop: Merchant, sale: Sale, *, livemode: bool
) -> tuple[Ids, dict[str, str]]:
    """Make one of everything but a statement; gives the ids, and those of runs by the path that requests them."""
    owner = shop.organization_id
    endpoint = insert_endpoint(session, owner, livemode=livemode, secrets=["whsec_shops"], settings=settings)
    given = owners.give(session, session.get_one(Partner, shop.partners["ada"]), "coupon:ADA", livemode=livemode)
    paths = {"backfill": "/api/v1/backfills", "reconcile": "/api/v1/reconciliations", "replay": "/api/v1/replays"}
    made = {
        path: ids.encode("run", runs.request(session, Scope(owner, "", livemode), kind, {}, requested_by="tests").id)
        for kind, path in paths.items()
    }
    [secret] = signing.secrets_of(endpoint, settings)
    webhook_endpoint_id, delivery_id = _outbound(session, settings, owner, livemode=livemode)
    export = exports.request_export(session, "cli", owner, livemode=livemode, passphrase=None)
    named = {
        **names_of(shop, "ada"),
        "opening_balance_id": _opening_balance(session, shop, livemode=livemode),
        "promotion_id": ids.encode("prm", given.id),
        "commission_id": sale.commission_id,
        "conversion_id": sale.conversion_id,
        "payment_id": sale.payment_id,
        "event_id": sale.event_id,
        "customer_id": "cus_ada",
        "endpoint_id": ids.encode("whe", endpoint.id),
        "secret_id": ids.encode("whs", secret.id),
        "webhook_endpoint_id": webhook_endpoint_id,
        "delivery_id": delivery_id,
        "export_id": ids.encode("exp", export.id),
        "import_id": _import(session, shop, livemode=livemode),
        "mail_id": _mail(session, shop, sale, livemode=livemode),
    }
    program = session.get_one(Program, shop.program_id)
    branding.change(session, "cli", program, BRAND)
    branding.set_logo(session, "cli", program, pictures.png())
    _applications(session, program, shop)
    referrals = _referrals(session, settings, owner, livemode=livemode)
    return {**named, **referrals, **_signups(session, shop, livemode=livemode)}, made


def _mail(session: Session, shop: Merchant, sale: Sale, *, livemode: bool) -> str:
    """A mail to a partner that waits."""
    details = {"commission_id": sale.commission_id, "amount_minor": 980, "currency": "usd"}
    owner, program, ada = shop.organization_id, shop.program_id, shop.partners["ada"]
    mail = mails.about_money(
        "first_commission", sale.commission_id, owner, program, ada, livemode=livemode, details=details
    )
    queue.write(session, [mail])
    written = select(Mail.id).where(Mail.fact.startswith(sale.commission_id), Mail.livemode == livemode)
    return ids.encode(ids.MAIL, session.scalars(written).one())


def _applications(session: Session, program: Program, shop: Merchant) -> None:
    """What the shop asks who applies, and what Ada answered; she accepted the first of two versions."""
    field = FormField(name="website", label="Your website", type="url")
    applying.set_form(session, "cli", program, [field])
    first = applying.publish(session, "cli", program, "Do not advertise on our name.")
    answers = [Answer(name="website", label="Your website", answer="https://ada.example/")]
    applications.store(session, session.get_one(Partner, shop.partners["ada"]), answers, first.version)
    applying.publish(session, "cli", program, "Do not advertise on our name, and say that you are paid.")


def add_owner(session: Session, shop: Merchant) -> str:
    """The owner of the shop who signs in to the pages; gives its id."""
    _, person = memberships.add(session, "cli", shop.organization_id, email="olga@the-very-shop.example", role="owner")
    return ids.encode("usr", person.id)


def _signups(session: Session, shop: Merchant, *, livemode: bool) -> Ids:
    """A browser key of the shop, and a user who signed up through Ada."""
    origins = ["https://shop.example.com"]
    key = browser_keys.create(
        session, "cli", shop.organization_id, livemode=livemode, name="shop", allowed_origins=origins
    )
    stated = Registration("user_17", datetime.now(UTC), "server", partner_id=shop.partners["ada"])
    program = session.get_one(Program, shop.program_id)
    signup, _ = commands.record(session, "cli", program, stated, livemode=livemode, cause="request:world")
    return {
        "browser_key_id": ids.encode("bky", key.id),
        "signup_id": ids.encode("sgn", signup.id),
    }


def _referrals(session: Session, settings: Settings, owner: UUID, *, livemode: bool) -> Ids:
    """A client key of the shop, a currency, and a code that an app user has claimed."""
    key, _ = client_keys.create(session, "cli", owner, settings, livemode=livemode, name="app")
    currency = currencies.create(session, "cli", owner, livemode=livemode, code="credits", max_balance=None)
    rules = codes.Rules({"credits": 5}, {"credits": 3})
    codes.create_template(session, "cli", owner, rules, livemode=livemode)
    referrer, referee = (AppUser(key.id, owner, livemode, name, claims_once=False) for name in ("user_1", "user_2"))
    code, _ = codes.load_or_make(session, referrer)
    claims.claim(session, referee, code.code or "")
    return {
        "client_key_id": ids.encode("cky", key.id),
        "code_id": ids.encode("rfc", code.id),
        "currency_id": ids.encode("cur", currency.id),
    }


def _import(session: Session, shop: Merchant, *, livemode: bool) -> str:
    """An import that the shop has asked for."""
    lists = [Sent("people.csv", b"affiliate_email,affiliate_code\neve@the-very-shop.example,eve\n")]
    program = session.get_one(Program, shop.program_id)
    asked = ImportRequest(tool="csv", files=lists)
    return ids.encode("imp", request_import(session, "cli", program, asked, livemode=livemode).id)


def _outbound(session: Session, settings: Settings, owner: UUID, *, livemode: bool) -> tuple[str, str]:
    """An endpoint of the shop, and a message to it that was attempted once."""
    asked = outbound.NewEndpoint("https://hooks.the-very-shop.example/", ["commission.accrued"])
    endpoint = outbound.create(session, "cli", owner, settings, livemode=livemode, asked=asked)
    row = endpoints.get_endpoint(session, [owner], endpoint.id)
    delivery = outbound.send_test(session, "cli", row)
    attempt = OutboundAttempt(
        delivery_id=ids.decode(delivery.id, "omd"),
        organization_id=owner,
        livemode=livemode,
        attempted_at=datetime.now(UTC),
        duration_ms=3,
        status_code=200,
        answer=SHOPS_NAME,
    )
    session.add(attempt)
    session.flush()
    return endpoint.id, delivery.id


def _opening_balance(session: Session, shop: Merchant, *, livemode: bool) -> str:
    """What Ada had earned before; gives its id."""
    now = datetime.now(UTC)
    earned = EarnedElsewhere("usd", 4321, "rewardful", "ada", now)
    ada = session.get_one(Partner, shop.partners["ada"])
    balance = opening_balances.record(session, "cli", ada, earned, livemode=livemode, cause=Cause("cli", now))
    return ids.encode("opb", balance.id)


def close_month(session: Session, shop: Merchant, *, livemode: bool) -> str:
    """Close the running month of the shop's program at its end; gives the id of Ada's statement."""
    period = periods.load_running(session, shop.program_id)
    closing.close(session, period, period.ends_at)
    mine = select(Statement.id).where(Statement.partner_id == shop.partners["ada"], Statement.livemode == livemode)
    return ids.encode("stm", session.scalars(mine).one())


def names_of(merchant: Merchant, code: str) -> Ids:
    organization_id = ids.encode("org", merchant.organization_id)
    return {
        "program_id": ids.encode("prog", merchant.program_id),
        "partner_id": ids.encode("par", merchant.partners[code]),
        "affiliate_id": ids.encode("aff", merchant.partners[code]),
        "organization_id": organization_id,
        "owner_organization_id": organization_id,
        "parent_id": organization_id,
    }
