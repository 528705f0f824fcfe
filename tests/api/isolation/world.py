"""A shop with everything in it, and callers of every kind with keys of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from app import db, ids
from app.config import Settings
from app.organizations import hierarchy, keys, merchants
from app.organizations.models import Organization
from app.organizations.permissions import PERMISSIONS
from app.partners.models import Partner
from app.signups import browser_keys
from tests.api.conftest import Caller
from tests.api.reserved import reserve
from tests.api.sales import Sale, pay_unattributed, sell
from tests.cast import Merchant, enroll, open_merchant

from .belongings import SHOPS_NAME, Ids, add_owner, close_month, fill, names_of

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
        made, run_ids = fill(session, settings, shop, sales[0], livemode=livemode)
        made |= {**reserved._asdict(), "statement_id": close_month(session, shop, livemode=livemode)}
        callers, scoped = _callers(session, application, shop, around)
        made["person_id"] = add_owner(session, shop)
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
        foreign=names_of(stranger, "zoe-stranger"),
        callers=callers,
        scoped=scoped,
        by_mode=by_mode,
        livemode=livemode,
        bens=_of_partner(shop, "ben", sales[1]),
        adas=_of_partner(shop, "ada", sales[0])
        | {_bare(made[name]) for name in ("statement_id", "opening_balance_id")},
        organization_ids={who: merchant.organization_id for who, merchant in around.items()},
    )


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
