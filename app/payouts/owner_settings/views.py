"""View of an owner's payout settings."""

from uuid import UUID

from pydantic import Field
from sqlalchemy.orm import Session

from app.partners.payout_methods.destinations.fields import METHODS
from app.payouts import methods
from app.payouts.methods import MethodName
from app.payouts.owner_settings.models import OwnerSettingsRow
from app.payouts.owner_settings.stored import load_payer
from app.sentences import payouts as sentences
from app.views import Instant, Snake


class DebtorBody(Snake):
    """The account that bank transfers are paid from; the IBAN is masked."""

    name: str
    iban: str = Field(examples=["DE…6199"])
    bic: str | None = None
    street: str
    postal_code: str
    town: str
    country: str


class SetUpMethod(Snake):
    """Whether a method can be used."""

    method: MethodName
    available: bool
    reason: str | None = Field(description="Why not.", examples=["no_debtor"])
    sentence: str | None = Field(description="Why not, in words.")


class OwnerSettingsBody(Snake):
    """How you pay."""

    debtor: DebtorBody | None
    wise_source_currency: str | None = Field(examples=["eur"])
    updated_at: Instant | None
    methods: list[SetUpMethod] = Field(description="Each method, and what is missing for it.")


def load_body(session: Session, organization_id: UUID, *, livemode: bool) -> OwnerSettingsBody:
    """The settings of an owner, with the methods they make possible in this mode."""
    row = session.get(OwnerSettingsRow, organization_id)
    payer = load_payer(session, organization_id, livemode=livemode)
    return OwnerSettingsBody(
        debtor=None if row is None or row.debtor_masked is None else DebtorBody(**row.debtor_masked),
        wise_source_currency=row and row.wise_source_currency,
        updated_at=row and row.updated_at,
        methods=[_set_up(method, payer) for method in METHODS],
    )


def _set_up(method: MethodName, payer: methods.Payer) -> SetUpMethod:
    """Judged for euros to a SEPA country, which every method reaches, so that only the owner's side can be missing."""
    refusal = methods.refusal(method, "DE", "eur", None, payer)
    if refusal is None:
        return SetUpMethod(method=method, available=True, reason=None, sentence=None)
    sentence = sentences.refusal(refusal.details)
    return SetUpMethod(method=method, available=False, reason=refusal.code, sentence=sentence)
