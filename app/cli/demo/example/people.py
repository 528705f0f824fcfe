"""Who is in the example: the shop, its programs, its partners, and the customers with what they buy. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from app.immutable import immutable

SHOP: Final = "Northwind Software"
OWNER: Final = "olivia@northwind.example"
LANDING_URL: Final = "https://www.northwind.example/"
AGENCIES: Final[Mapping[str, Any]] = {
    "name": "Northwind agencies",
    "currency": "eur",
    "status": "active",
    "landing_url": "https://www.northwind.example/agencies",
    "commission": {"type": "percentage", "bps": 3000, "max_months": 12},
    "minimum_payout_cents": 5000,
}
"""Nothing is approved automatically here, so there are commissions to approve by hand."""
FRIENDS: Final[Mapping[str, Any]] = {"name": "Northwind friends", "open_signup": True, "minimum_payout_cents": 2500}
APPLICANT: Final[Mapping[str, str]] = {"name": "Priya Raman", "email": "priya@saasnotes.example"}
DEBTOR: Final[Mapping[str, str]] = {
    "name": "Northwind Software GmbH",
    "iban": "DE75512108001245126199",
    "bic": "SOLADEST600",
    "street": "Speicherstr. 12",
    "postal_code": "20457",
    "town": "Hamburg",
    "country": "DE",
}


@immutable
class Affiliate:
    """A partner of one of the programs.

    Attributes:
        code: of its links.
        has_joined: whether it came by an invitation, and so signs in to the portal.
        is_agency: whether it is in the second program.
        method: how it is paid, as the API takes it; None: it has not chosen.
    """

    code: str
    name: str
    email: str
    method: Mapping[str, str] | None
    has_joined: bool = False
    is_agency: bool = False


def _paypal(email: str) -> Mapping[str, str]:
    return {"method": "paypal", "email": email}


def _bank(holder: str, iban: str, town: str) -> Mapping[str, str]:
    return {"method": "bank_transfer", "account_holder": holder, "iban": iban, "town": town}


PARTNERS: Final = (
    Affiliate("ada", "Ada Moreno", "ada@adareads.example", _paypal("ada@adareads.example"), has_joined=True),
    Affiliate("ben", "Ben Okafor", "ben@buildlog.example", _paypal("pay@buildlog.example")),
    Affiliate("chiara", "Chiara Rossi", "chiara@smallteams.example", _paypal("chiara@smallteams.example")),
    Affiliate("emma", "Emma Lindqvist", "emma@nordicops.example", _paypal("emma@nordicops.example")),
    Affiliate("farid", "Farid Haddad", "farid@opsweekly.example", None),
    Affiliate("greta", "Greta Vogel", "greta@toolcheck.example", _paypal("greta@toolcheck.example")),
    Affiliate(
        "studio-nord",
        "Studio Nord",
        "hello@studionord.example",
        _bank("Studio Nord GmbH", "DE89370400440532013000", "Berlin"),
        has_joined=True,
        is_agency=True,
    ),
    Affiliate(
        "kestrel",
        "Kestrel Media",
        "accounts@kestrel.example",
        _bank("Kestrel Media BV", "NL91ABNA0417164300", "Utrecht"),
        is_agency=True,
    ),
    Affiliate("lumen", "Lumen Agency", "team@lumen.example", None, is_agency=True),
)
PAUSED: Final = "greta"
"""This partner is paused at the end."""
CLICKS: Final[Mapping[str, int]] = {"ada": 9, "ben": 6, "chiara": 4, "emma": 2}
"""How often a partner's link was followed."""


@immutable
class Customer:
    """A customer with a monthly subscription.

    Attributes:
        code: the partner's code in its subscription's metadata; None: it came by no link.
        first_day: when it subscribed, in days after the example begins.
        months: for how long it pays at most.
        refund: the number of the payment that was refunded, and how much of it, in percent.
        disputed: the number of the payment that was disputed, and the status of the dispute.
    """

    name: str
    code: str | None
    net_minor: int
    first_day: int
    months: int = 12
    currency: str = "usd"
    refund: tuple[int, int] | None = None
    disputed: tuple[int, str] | None = None
    email: str = ""

    @property
    def address(self) -> str:
        """Its e-mail address."""
        return self.email or f"billing@{self.name.lower()}.example"


STARTER: Final = 2900
TEAM: Final = 7900
BUSINESS: Final = 24_900
AGENCY: Final = 39_000

CUSTOMERS: Final = (
    Customer("Acorn", "ada", TEAM, 2),
    Customer("Birch", "ada", STARTER, 9, refund=(2, 100)),
    Customer("Cedar", "ada", BUSINESS, 31),
    Customer("Dune", "ada", TEAM, 54, months=3),
    Customer("Elm", "ada", TEAM, 88, refund=(1, 50)),
    Customer("Fjord", "ada", STARTER, 121),
    Customer("Grove", "ada", BUSINESS, 150),
    Customer("Amber", "ada", STARTER, 160),
    Customer("Basalt", "ada", TEAM, 168),
    Customer("Cobalt", "ada", STARTER, 172),
    Customer("Harbor", "ben", TEAM, 5),
    Customer("Iris", "ben", STARTER, 22, months=2),
    Customer("Juniper", "ben", TEAM, 60, disputed=(1, "lost")),
    Customer("Kelp", "ben", TEAM, 97),
    Customer("Larch", "ben", STARTER, 140),
    Customer("Drift", "ben", TEAM, 163),
    Customer("Ember", "ben", STARTER, 170),
    Customer("Maple", "chiara", TEAM, 12),
    Customer("Nettle", "chiara", STARTER, 47),
    Customer("Olive", "chiara", TEAM, 104, disputed=(2, "needs_response")),
    Customer("Flint", "chiara", STARTER, 165),
    Customer("Pine", "emma", STARTER, 18),
    Customer("Quince", "emma", TEAM, 75, refund=(3, 100)),
    Customer("Rowan", "emma", STARTER, 130),
    Customer("Sage", "farid", TEAM, 40),
    Customer("Tansy", "farid", STARTER, 110),
    Customer("Umber", "greta", STARTER, 28, months=1),
    Customer("Violet", None, TEAM, 66, months=3),
    Customer("Willow", None, BUSINESS, 135),
    Customer("Yarrow", None, STARTER, 158),
    Customer("Zinnia", "chiera", TEAM, 152, months=1),  # a misspelled code
    Customer("Adareads", "ada", STARTER, 145, months=1, email="ada@adareads.example"),  # the partner's own purchase
    Customer("Alster", "studio-nord", AGENCY, 15, currency="eur"),
    Customer("Brenta", "studio-nord", AGENCY, 70, currency="eur"),
    Customer("Clyde", "kestrel", AGENCY, 36, currency="eur", refund=(3, 25)),
    Customer("Danube", "kestrel", AGENCY, 116, currency="eur"),
    Customer("Ebro", "lumen", AGENCY, 92, currency="eur"),
)
