"""Lines and heads of files for the tests."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.payouts.files.lines import FileHead, FileLine
from app.payouts.methods import MethodName
from app.payouts.owner_settings.debtor import Debtor

DEBTOR = Debtor(
    "Müller & Söhne GmbH", "DE89370400440532013000", "COBADEFFXXX", "Hauptstraße 1", "10115", "Berlin", "DE"
)
HEAD = FileHead(
    UUID("0192f3c4-5b6a-7c8d-9e0f-112233445566"),
    datetime(2026, 11, 28, 16, 20, 3, tzinfo=UTC),
    livemode=True,
    program_name="Friends of Acme",
    debtor=DEBTOR,
    source_currency="usd",
)
DESTINATIONS: dict[str, dict[str, str]] = {
    "paypal": {"email": "ada@example.com"},
    "payoneer": {"email": "ada@example.com"},
    "wise": {"email": "ada@example.com", "account_holder": "Ada Lovelace"},
    "bank_transfer": {
        "account_holder": "Ada Lovelace",
        "iban": "NL91ABNA0417164300",
        "bic": "ABNANL2AXXX",
        "town": "Amsterdam",
        "country": "NL",
    },
    "crypto": {"network": "bitcoin", "address": "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"},
}


def line(
    method: MethodName,
    currency: str = "usd",
    net_minor: int = 93_100,
    *,
    country: str | None = None,
    reference: str = "P0000000000001A",
    **fields: Any,
) -> FileLine:
    """A line of Ada's; `fields` are changed in her destination."""
    destination = DESTINATIONS[method] | fields | ({"country": country} if country else {})
    account_country = destination.get("iban", "")[:2] or country
    return FileLine(method, currency, account_country, net_minor, reference, "Ada Lovelace", destination)
