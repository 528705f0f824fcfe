"""A shop with everything in it, and callers of every kind with keys of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import db, ids
from app.attribution.promotions import owners
from app.commissions.elsewhere import opening_balances
from app.commissions.elsewhere.opening_balances import EarnedElsewhere
from app.commissions.settling.settlement import Cause
from app.config import Settings
from app.organizations import hierarchy, keys, merchants
from app.organizations.actors import AppUser
from app.organizations.models import Organization
from app.organizations.permissions import PERMISSIONS
from app.outbound import commands as outbound
from app.outbox import endpoints
from app.outbox.models import OutboundAttempt
from app.partners.models import Partner
from app.people import memberships
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
from tests.api.conftest import Caller
from tests.api.reserved import reserve
from tests.api.sales import Sale, pay_unattributed, sell
from tests.cast import Merchant, enroll, open_merchant

SHOPS_NAME = "The very shop"
SHOPS_EMAIL = "till@the-very-shop.example"
OF_ONE_MODE = frozenset(
    {
        *("commission_id", "conversion_id", "payment_id", "event_id", "customer_id"),
        *("promotion_id", "endpoint_id", "secret_id", "run_id", "webhook_endpoint_id", "delivery_id"),
        *("client_key_id", "code_id", "currency_id", "export_id", "import_id", "signup_id", "browser_key_id"),
        *("payout_id", "payout_run_id", "file_id", "statement_id", "opening_balance_id"),
    }
)
"""Parameters of paths that name money, or what belongs to one mode as money does."""
Ids = dict[str, str]
"""Public ids by the name of the parameter that takes them."""


@dataclass(frozen=True)
class World:
    """The shop and the callers.

    Attributes:
        shop: with its partners Ada, Ben and Dan.
        ids: of what the shop has, Ada's where it is a partner's.
        runs: ids of the shop's runs, by the path they stand under.
        foreign: ids of what the stranger has.
        callers: by the words of the table.
        scoped: keys that may do exactly one thing, by its name.
        by_mode: manage keys of the shop and of Ada by the words of the table and whether they are live.
        livemode: the mode of all the shop's money.
        bens: ids of Ben's, which Ada must not meet.
    """

    shop: Merchant
    ids: Ids
    runs: Mapping[str, str]
    foreign: Ids
    callers: Mapping[str, Caller]
    scoped: Mapping[str, Caller]
    by_mode: Mapping[tuple[str, bool], Caller]
    livemode: bool
    bens: frozenset[str]
    adas: frozenset[str] = field(default_factory=frozenset)
    organization_ids: Mapping[str, UUID] = field(default_factory=dict)

    @property
    def money(self) -> frozenset[str]:
        """Texts no answer to a key of the other mode may hold: ids of the shop's money and of what brought it."""
        named = (self.ids[name] for name in sorted(OF_ONE_MODE - {"run_id", "customer_id"}))
        return frozenset({*map(_bare, named), *map(_bare, self.runs.values()), "in_7001", "in_7002", "in_7003"})

    def hidden_from(self, who: str) -> frozenset[str]:
        """Texts that no answer to this caller may contain: the shop's ids without prefix, names and addresses."""
        if who in ("owner", "reader", "mother", "scoped"):
            return frozenset()
        of_shop = frozenset(_bare(one) for one in (*self.ids.values(), *self.runs.values()))
        everything = of_shop | self.bens | self.adas | {SHOPS_NAME, SHOPS_EMAIL, "in_7001", "in_7002", "in_7003"}
        if who in ("ada", "ben"):
            # A commission says whose program it comes from; nothing else of the owner's is a partner's affair.
            known = {_bare(self.ids["program_id"]), _bare(self.ids["organization_id"])}
            return everything - known - (self.adas if who == "ada" else self.bens)
        return everything


def build(application: Flask, settings: Settings, shop: Merchant, *, livemode: bool = False) -> World:
    """Fill the database; all the shop's money is of one mode.

    The stranger's, the sister's and the daughter's own shops have a partner each.
    Ada, Ben and the newcomer, who is enrolled nowhere, are affiliates; the promoted one was an affiliate when its key
    was made.
    """
    with db.transaction() as session:
        around = {"owner": shop, **_families(session, shop)}
        sales = [
            sell(session, shop, code, number, customer=f"cus_{code}", livemode=livemode)
            for number, code in ((7001, "ada"), (7002, "ben"))
        ]
        pay_unattributed(session, shop, 7003, livemode=livemode)
        for code in ("ada", "ben"):
            around[code] = _own_organization(session, shop, code)
        for who in ("newcomer", "promoted"):
            made_for = hierarchy.create_organization(session, kind="affiliate", name=who)
            around[who] = Merchant(made_for.id, shop.program_id)
        dans = sell(session, shop, "dan", 7004, livemode=livemode)
        reserved = reserve(session, shop, "dan", dans, livemode=livemode)
        made, run_ids = _ids(session, settings, shop, sales[0], livemode=livemode)
        made |= reserved._asdict()
        callers, scoped = _callers(session, application, shop, around)
        made["person_id"] = _person(session, shop)
        made["key_id"] = keys.public_id(keys.list_keys(session, [shop.organization_id], limit=1).rows[0])
        by_mode = {
            (who, mode): _key_of_mode(session, application, around[who], mode)
            for who in ("owner", "ada")
            for mode in (True, False)
        }
    stranger = around["stranger"]
    return World(
        shop=shop,
        ids=made,
        runs=run_ids,
        foreign=_names(stranger, "zoe-stranger"),
        callers=callers,
        scoped=scoped,
        by_mode=by_mode,
        livemode=livemode,
        bens=_of_partner(shop, "ben", sales[1]),
        adas=_of_partner(shop, "ada", sales[0])
        | {_bare(made[name]) for name in ("statement_id", "opening_balance_id")},
        organization_ids={who: merchant.organization_id for who, merchant in around.items()},
    )


def _person(session: Session, shop: Merchant) -> str:
    """The owner of the shop who signs in to the pages; gives its id."""
    _, person = memberships.add(session, "cli", shop.organization_id, email="olga@the-very-shop.example", role="owner")
    return ids.encode("usr", person.id)


def _families(session: Session, shop: Merchant) -> dict[str, Merchant]:
    """Mother above the shop, a sister beside it, a daughter below, and a stranger."""
    mother = hierarchy.create_organization(session, kind="merchant", name="Mother", email="mother@example.com")
    found = {"mother": Merchant(mother.id, shop.program_id)}
    for who, parent_id in (("sister", mother.id), ("daughter", shop.organization_id), ("stranger", None)):
        found[who] = open_merchant(session, who.capitalize())
        _put(session, found[who].organization_id, parent_id)
        enroll(session, found[who], f"zoe-{who}")
    _put(session, shop.organization_id, mother.id)
    renaming = update(Organization).where(Organization.id == shop.organization_id)
    session.execute(renaming.values(name=SHOPS_NAME, email=SHOPS_EMAIL))
    return found


def _put(session: Session, organization_id: UUID, parent_id: UUID | None) -> None:
    session.execute(update(Organization).where(Organization.id == organization_id).values(parent_id=parent_id))


def _own_organization(session: Session, shop: Merchant, code: str) -> Merchant:
    organization = hierarchy.create_organization(
        session, kind="affiliate", name=f"{code}'s own", email=f"{code}@partners.example"
    )
    attach = update(Partner).where(Partner.id == shop.partners[code])
    session.execute(attach.values(partner_organization_id=organization.id))
    return Merchant(organization.id, shop.program_id)


def _key_of_mode(session: Session, application: Flask, holder: Merchant, mode: bool) -> Caller:
    _, plaintext = keys.create_key(session, holder.organization_id, name="mode", level="manage", livemode=mode)
    return Caller(application, plaintext)


def _ids(
    session: Session, settings: Settings, shop: Merchant, sale: Sale, *, livemode: bool
) -> tuple[Ids, dict[str, str]]:
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
        **_names(shop, "ada"),
        "opening_balance_id": _opening_balance(session, shop, livemode=livemode),
        "statement_id": ids.encode("stm", _close_month(session, shop, livemode=livemode)),
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
    }
    referrals = _referrals(session, settings, owner, livemode=livemode)
    return {**named, **referrals, **_signups(session, shop, livemode=livemode)}, made


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


def _close_month(session: Session, shop: Merchant, *, livemode: bool) -> UUID:
    """Close the running month of the shop's program at its end; gives Ada's statement."""
    period = periods.load_running(session, shop.program_id)
    closing.close(session, period, period.ends_at)
    mine = select(Statement.id).where(Statement.partner_id == shop.partners["ada"], Statement.livemode == livemode)
    return session.scalars(mine).one()


def _names(merchant: Merchant, code: str) -> Ids:
    organization_id = ids.encode("org", merchant.organization_id)
    return {
        "program_id": ids.encode("prog", merchant.program_id),
        "partner_id": ids.encode("par", merchant.partners[code]),
        "affiliate_id": ids.encode("aff", merchant.partners[code]),
        "organization_id": organization_id,
        "owner_organization_id": organization_id,
        "parent_id": organization_id,
    }


def _callers(
    session: Session, application: Flask, shop: Merchant, around: Mapping[str, Merchant]
) -> tuple[dict[str, Caller], dict[str, Caller]]:
    def key(owner: UUID, level: str = "manage", *scopes: str) -> Caller:
        return Caller(application, keys.create_key(session, owner, name="key", level=level, scopes=scopes)[1])

    owner = shop.organization_id
    browser = browser_keys.create(
        session, "cli", owner, livemode=False, name="pages", allowed_origins=["https://shop.example.com"]
    )
    revoked = key(owner)
    keys.revoke_key(session, "cli", [owner], keys.public_id(keys.list_keys(session, [owner], limit=1).rows[0]))
    callers = {who: key(merchant.organization_id) for who, merchant in around.items()}
    callers |= {"anonymous": Caller(application, None), "malformed": Caller(application, "aff_"), "revoked": revoked}
    callers["browser"] = Caller(application, browser.browser_key)
    merchants.promote(session, "cli", session.get_one(Organization, around["promoted"].organization_id))
    scoped = {permission: key(owner, "read", permission) for permission in PERMISSIONS}
    return {**callers, "reader": key(owner, "read")}, scoped


def _of_partner(shop: Merchant, code: str, sale: Sale) -> frozenset[str]:
    public = (ids.encode("par", shop.partners[code]), sale.commission_id, sale.conversion_id)
    return frozenset({*map(_bare, public), f"{code}@partners.example"})


def _bare(public_id: str) -> str:
    """An id without its prefix, which is not the same on every surface; Stripe's ids whole."""
    return public_id.rpartition("_")[2] if len(public_id) > 26 else public_id
