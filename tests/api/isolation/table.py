"""Who is answered what, route by route: the table that the isolation matrix reads.

A new route needs no line here unless a parameter of its path is called like no other: that name gets a value in
`world.py: Ids`. A route without a key stands in PUBLIC; one that answers otherwise than the rest, in
EXCEPTIONS. A body is what the document needs, as ids of the shop's or by its examples; what more it takes stands in
BODIES.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.organizations.permissions import FINANCIAL, PARTNER_SIDE
from tests.branding import pictures

GIVEN: Final = frozenset({200, 201, 202, 409})
"""The caller was let in and understood; 409: what is there forbids it."""
OWN_AFFAIR: Final = GIVEN | {400, 404}
"""Whatever becomes of a request about nothing but the caller's own organization."""
READ: Final = "GET"
"""The method that only reads; every other one may write."""
PARTNER_SIDE_PATH: Final = "/v1/admin/affiliate-me/"

PUBLIC: Final[Mapping[str, int]] = {
    "GET /": 303,
    "GET /brand/<program_id>/<name>": 404,
    "GET /checkout.js": 200,
    "GET /client/balances": 401,
    "GET /client/referrals/my-code": 401,
    "GET /docs": 200,
    "GET /docs/<path:name>": 404,
    "GET /healthz": 200,
    "GET /metrics": 200,
    "GET /openapi.json": 200,
    "GET /r/<code>": 404,
    "GET /readyz": 200,
    "GET /static/<name>": 404,
    "GET /static/vendor/<name>": 404,
    "DELETE /v1/memory": 400,
    "GET /v1/memory": 400,
    "POST /client/referrals/claim": 401,
    "POST /v1/public/affiliate/confirmation": 400,
    "POST /v1/public/affiliate/invitation": 400,
    "POST /v1/public/affiliate/signup": 400,
    "POST /v1/memory": 400,
    "POST /v1/public/signups": 400,
    "POST /v1/touchpoints": 400,
    "POST /webhooks/stripe": 503,
    "POST /webhooks/stripe/<endpoint_id>": 404,
}
"""Routes that need no API key, and what they answer to an empty request."""

ANSWERS: Final[Mapping[str, tuple[frozenset[int], frozenset[int]]]] = {
    # who           : a path with an id of the shop's | a path without an id
    "anonymous": (frozenset({401}), frozenset({401})),
    "malformed": (frozenset({401}), frozenset({401})),
    "revoked": (frozenset({401}), frozenset({401})),
    "browser": (frozenset({401}), frozenset({401})),
    "scoped otherwise": (frozenset({403}), frozenset({403})),
    "stranger": (frozenset({404}), OWN_AFFAIR),
    "sister": (frozenset({404}), OWN_AFFAIR),
    "daughter": (frozenset({404}), OWN_AFFAIR),
    "ada": (frozenset({404}), OWN_AFFAIR),
    "ben": (frozenset({404}), OWN_AFFAIR),
    "newcomer": (frozenset({404}), OWN_AFFAIR),
    "promoted": (frozenset({404}), OWN_AFFAIR),
    "owner": (GIVEN, OWN_AFFAIR),
    "mother": (GIVEN, OWN_AFFAIR),
}
AFFILIATES: Final = frozenset({"ada", "ben", "newcomer"})
"""Callers whose organization is an affiliate: everything outside the partner side is refused by the key's kind."""
PARTNERS: Final = frozenset({"ada", "ben"})
"""Callers who are enrolled in the shop's program."""
WRITTEN_BY_PARTNERS: Final = frozenset(
    {"agreement_acceptances", "connected_accounts", "payout_methods", "promotion_code_requests", "audit_entries"}
)
"""Tables with rows of the shop's that a partner writes for itself."""
KEPT_SCOPES: Final = frozenset({"promoted"})
"""Callers whose organization became a merchant after the key was made: the key does no more than before."""
CHANGES_OF_PEOPLE: Final = ("PATCH /api/v1/people/<person_id>", "DELETE /api/v1/people/<person_id>")
EXCEPTIONS: Final[Mapping[tuple[str, str], frozenset[int]]] = {
    # A test key changes nothing about people, who see live money too.
    **{(who, "POST /api/v1/people"): frozenset({403}) for who in ("stranger", "sister", "daughter", "owner", "mother")},
    **{(who, change): frozenset({403}) for who in ("owner", "mother") for change in CHANGES_OF_PEOPLE},
    # The partner of the path reads its own commissions with its own key.
    ("ada", "GET /api/v1/partners/<partner_id>/commissions"): frozenset({200}),
    ("ada", "GET /partners/<partner_id>/commissions"): frozenset({200}),
    # Where the partner side takes an id, another partner's is not found: this one is Ada's.
    ("ben", "GET /v1/admin/affiliate-me/commissions/<commission_id>/explanation"): frozenset({404}),
    ("ben", "GET /v1/admin/affiliate-me/statements/<statement_id>"): frozenset({404}),
    ("ben", "GET /v1/admin/affiliate-me/opening-balances/<opening_balance_id>"): frozenset({404}),
    # The payout is Dan's.
    ("ada", "GET /v1/admin/affiliate-me/payouts/<payout_id>"): frozenset({404}),
    ("ben", "GET /v1/admin/affiliate-me/payouts/<payout_id>"): frozenset({404}),
}

MAY_NAME: Final = frozenset({("POST /v1/admin/affiliate/programs/<program_id>/invite", "organization_id")})
"""Where a field names another organization on purpose: one that is invited, and decides by itself."""

VALUES: Final[Mapping[str, Any]] = {
    "email": "new@example.com",
    "role": "viewer",
    "reason": "so",
    "name": "Somebody new",
}
"""What a field of that name is given, in any body that needs it."""

BODIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "POST /api/v1/partners/<partner_id>/write-off": {"currency": "usd", "amount_cents": 1},
    "POST /api/v1/partners/<partner_id>/opening-balances": {
        "currency": "usd",
        "amount_cents": 1,
        "source": "rewardful",
        "source_id": "again",
        "occurred_at": "2026-03-01T00:00:00Z",
    },
    "POST /api/v1/customers/<customer_id>/attribution": {"partner_id": None, "reason": "so", "all_unpaid": True},
    "POST /api/v1/customers/<customer_id>/attribution/preview": {
        "partner_id": None,
        "reason": "so",
        "all_unpaid": True,
    },
    "POST /v1/admin/affiliate/programs/<program_id>/conversions": {"amount_cents": 4900},
    "POST /api/v1/partners/<partner_id>/promotion-codes": {"code": "ADA20", "existing": True},
    "POST /api/v1/signups": {"customer_id": "user_1"},
    "PUT /api/v1/programs/<program_id>/application-form": {"fields": [{"name": "blog", "label": "Your blog"}]},
    "POST /v1/admin/affiliate-me/agreement/acceptance": {"version": 2},
    "POST /v1/admin/referrals/currencies": {"code": "coins"},
    "PATCH /v1/admin/referrals/currencies/<currency_id>": {"max_balance": 70},
    "PATCH /v1/admin/referrals/codes/<code_id>": {"max_uses": 3},
    "PATCH /api/v1/client-keys/<client_key_id>": {"claims": "once"},
    "POST /api/v1/stripe-endpoints/<endpoint_id>/secrets": {"secret": "whsec_another"},
    "PUT /api/v1/partners/<partner_id>/payout-method": {"method": "paypal", "email": "paid@example.com"},
    "PUT /v1/admin/affiliate-me/payout-method": {"method": "paypal", "email": "paid@example.com"},
    "POST /api/v1/partners/<partner_id>/commission-snapshot/preview": {
        "commission": {"type": "percentage", "bps": 2500}
    },
    "PUT /api/v1/partners/<partner_id>/commission-snapshot": {"commission": {"type": "percentage", "bps": 2500}},
}

FILES: Final[Mapping[str, bytes]] = {"PUT /api/v1/programs/<program_id>/branding/logo": pictures.png()}
"""Files that are no CSV list."""


@dataclass(frozen=True)
class Route:
    """One method of one rule; `permission` None where it needs no key."""

    method: str
    rule: str
    permission: str | None
    parameters: tuple[str, ...]

    @property
    def name(self) -> str:
        """As it stands in the tables, `GET /api/v1/partners/<partner_id>`."""
        return f"{self.method} {self.rule}"

    @property
    def only_reads(self) -> bool:
        """Whether it changes nothing: the first download of a file of payouts sends them."""
        return self.method == READ and not (self.permission or "").endswith(":write")

    @property
    def is_partner_side(self) -> bool:
        """Whether what it shows follows from the caller's enrollments, not from what it owns."""
        return self.rule.startswith(PARTNER_SIDE_PATH)


def expected(who: str, route: Route) -> frozenset[int]:
    """What the route may answer to this caller."""
    if (who, route.name) in EXCEPTIONS:
        return EXCEPTIONS[who, route.name]
    if who in AFFILIATES | KEPT_SCOPES and route.permission not in PARTNER_SIDE:
        return frozenset({403})
    if who == "reader":
        is_allowed = route.only_reads and route.permission not in FINANCIAL
        return expected("owner", route) if is_allowed else frozenset({403})
    named, unnamed = ANSWERS[who]
    if not route.parameters:
        return unnamed
    if route.is_partner_side and named & (GIVEN | {404}):
        return GIVEN if who in ("ada", "ben") else frozenset({404})
    return named
