"""The account that an owner pays bank transfers from: validation, masking, the sealed form. Pure."""

import json
from collections.abc import Mapping
from typing import Final

from app.errors import InvalidRequest
from app.immutable import immutable
from app.partners.payout_methods.destinations import bank_accounts, fields
from app.payouts.files.formats import sepa_text
from app.payouts.methods import SEPA_COUNTRIES

NEEDED: Final = ("name", "iban", "street", "postal_code", "town", "country")
LENGTHS: Final[Mapping[str, int]] = {
    "name": sepa_text.LONGEST_NAME,
    "iban": fields.LENGTHS["iban"],
    "bic": fields.LENGTHS["bic"],
    "street": sepa_text.LONGEST_STREET,
    "postal_code": sepa_text.LONGEST_POSTAL_CODE,
    "town": sepa_text.LONGEST_TOWN,
    "country": 2,
}
"""Characters a field may have. Source: ISO 20022 pain.001, as limited by the EPC's implementation guidelines."""


@immutable
class Debtor:
    """The account that bank transfers are paid from, and its holder's address."""

    name: str
    iban: str
    bic: str | None
    street: str
    postal_code: str
    town: str
    country: str

    @property
    def masked(self) -> dict[str, str]:
        """As it is shown: everything but the middle of the IBAN."""
        shown = {**_values(self), "iban": bank_accounts.masked({"iban": self.iban})["iban"]}
        return {name: value for name, value in shown.items() if value is not None}


def validate(given: Mapping[str, str | None]) -> Debtor:
    """The account of `given` fields, named as in `Debtor`; `bic` may be missing.

    Raises:
        InvalidRequest: names the field as `debtor.iban`, without its value.
    """
    values = {name: (given.get(name) or "").strip() for name in LENGTHS}
    for name in NEEDED:
        if not values[name]:
            raise InvalidRequest(f"debtor.{name} is required for bank transfers", param=f"debtor.{name}")
    try:
        plain = {name: fields.plain(value, name=name, longest=LENGTHS[name]) for name, value in values.items() if value}
        iban, country = bank_accounts.iban(plain["iban"]), fields.country(plain["country"])
        bic = bank_accounts.bic(plain["bic"]) if "bic" in plain else None
    except InvalidRequest as refused:
        raise InvalidRequest(f"debtor.{refused.message}", param=f"debtor.{refused.param}") from None
    for name in ("name", "street", "postal_code", "town"):
        if not sepa_text.clean(plain[name], LENGTHS[name]):
            message = f"debtor.{name} has no letter or digit that banks take; enter it in Latin letters"
            raise InvalidRequest(message, param=f"debtor.{name}")
    if iban[:2] not in SEPA_COUNTRIES:
        message = f"debtor.iban is of a bank in {iban[:2]}, from which transfers in euros (SEPA) are not possible"
        raise InvalidRequest(f"{message}; give an account in a SEPA country", param="debtor.iban")
    return Debtor(
        name=plain["name"],
        iban=iban,
        bic=bic,
        street=plain["street"],
        postal_code=plain["postal_code"],
        town=plain["town"],
        country=country,
    )


def written(debtor: Debtor) -> str:
    """The account as the text that is sealed."""
    return json.dumps(_values(debtor), ensure_ascii=False)


def read(text: str) -> Debtor:
    """The account that `written` wrote."""
    return Debtor(**json.loads(text))


def _values(debtor: Debtor) -> dict[str, str | None]:
    return {name: getattr(debtor, name) for name in LENGTHS}
