"""Request models for payout methods and payout settings."""

from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from app.payouts.methods import MethodName
from app.views import UNSENT, EmailAddress, Request, hide_defaults

PAYPAL: Final[dict[str, Any]] = {"method": "paypal", "email": "zoe@example.com"}
DEBTOR: Final[dict[str, Any]] = {
    "name": "Acme GmbH",
    "iban": "DE75512108001245126199",
    "bic": "SOLADEST600",
    "street": "Hauptstr. 1",
    "postal_code": "10115",
    "town": "Berlin",
    "country": "DE",
}

Text = Annotated[str, Field(max_length=200)]


class MethodChoice(Request):
    """A payout method with its destination: the fields that the method needs, and no others."""

    model_config = ConfigDict(json_schema_extra={"examples": [PAYPAL]})

    method: MethodName
    email: EmailAddress | None = Field(default=None, description="`paypal`, `payoneer`, `wise`.")
    account_holder: Text | None = Field(default=None, description="`bank_transfer`, `wise`.")
    iban: Text | None = Field(default=None, description="`bank_transfer`, `wise`.")
    bic: Text | None = Field(default=None, description="With an account, optional.")
    account_number: Text | None = Field(default=None, description="Where accounts have no IBAN.")
    town: Text | None = Field(default=None, description="`bank_transfer`: the holder's.")
    country: Text | None = Field(
        default=None,
        description="A code of two letters: with `iban` the holder's, with `account_number` the bank's, else the "
        "account's; then a method that does not pay there is refused.",
    )
    receiver_type: Text | None = Field(default=None, description="`wise`: `person` (default) or `institution`.")
    network: Text | None = Field(default=None, description="`crypto`.")
    address: Text | None = Field(default=None, description="`crypto`.")
    reference: Text | None = Field(default=None, description="`external`: what your own system knows; optional.")

    @property
    def destination(self) -> dict[str, str | None]:
        """The fields beside the method."""
        return self.model_dump(exclude={"method"})


class OwnProgramQuery(Request):
    """One of the programs you are enrolled in."""

    program_id: str | None = Field(default=None, description="Required if you are enrolled in several programs.")


class AvailableQuery(OwnProgramQuery):
    """A payment that the methods are judged for."""

    country: str | None = Field(
        default=None, pattern="^[A-Z]{2}$", description="Where the money goes; null: as your present method says."
    )
    currency: str | None = Field(default=None, pattern="^[a-z]{3}$", description="Null: the program's.")


class Debtor(Request):
    """The account that bank transfers in euros are paid from, and its holder's address."""

    name: Text
    iban: Text
    bic: Text | None = None
    street: Text
    postal_code: Text
    town: Text
    country: Text = Field(description="A code of two letters.")


def _described(schema: dict[str, Any]) -> None:
    hide_defaults(schema)
    schema["examples"] = [{"debtor": DEBTOR, "wise_source_currency": "eur"}]


class SettingsChange(Request):
    """Fields that are left out do not change; null removes one."""

    model_config = ConfigDict(json_schema_extra=_described)

    debtor: Debtor | None = UNSENT
    wise_source_currency: Text | None = UNSENT
