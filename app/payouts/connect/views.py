"""Views of connected accounts, for the partner and for its owner."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from app import ids
from app.partners.models import Partner
from app.payouts.connect import states
from app.payouts.connect.commands import HandedLink
from app.payouts.connect.models import ConnectedAccount
from app.payouts.connect.states import State
from app.sentences import payout_accounts
from app.views import Instant, ShownOnce, Snake

STATUS = (
    "none: not asked for; creating: Stripe is being asked; failed: it could not be created; onboarding: the partner "
    "has not gone through Stripe's onboarding; pending: Stripe is checking; restricted: Stripe wants more information; "
    "rejected: Stripe has closed it; ready: it can receive"
)


class RequirementError(Snake):
    """What was given and not accepted, in Stripe's words."""

    requirement: str = Field(examples=["individual.verification.document"])
    code: str = Field(examples=["verification_document_expired"])


class Requirements(Snake):
    """What Stripe requires of the account, by Stripe's names."""

    currently_due: list[str]
    past_due: list[str]
    pending_verification: list[str]
    disabled_reason: str | None
    errors: list[RequirementError]


class BankPayout(Snake):
    """Stripe's last payout from the account to its bank."""

    id: str
    status: str = Field(description="paid, or failed: the bank sent the money back.")
    failure_code: str | None
    sentence: str


class PayoutAccount(Snake):
    """An account at Stripe that payouts of method `stripe` are transferred to."""

    partner_id: str
    program_id: str
    status: State = Field(description=STATUS)
    sentence: str
    can_receive: bool
    stripe_account_id: str | None = Field(examples=["acct_1Pg"])
    country: str | None = Field(examples=["DE"])
    agreement: str | None = Field(description="full in the platform's region, recipient elsewhere.")
    transfers: str | None = Field(description="The status of Stripe's capability; only active can receive.")
    requirements: Requirements | None
    bank_payout: BankPayout | None
    stated_at: Instant | None = Field(description="When Stripe stated the capability and the requirements.")


class PayoutAccountLink(Snake):
    """A link to Stripe's onboarding; `url` is null until Stripe has made it."""

    url: ShownOnce = Field(description="It works once, for some minutes. Open it in the partner's browser.")
    expires_at: Instant | None
    status: State = Field(description=STATUS)
    sentence: str


def payout_account(partner: Partner, row: ConnectedAccount | None) -> PayoutAccount:
    """The account of this enrollment; without a row, that there is none."""
    state = state_of(row)
    return PayoutAccount(
        partner_id=ids.encode(ids.PARTNER, partner.id),
        program_id=ids.encode(ids.PROGRAM, partner.program_id),
        status=state,
        sentence=sentence_of(row),
        can_receive=state == "ready",
        stripe_account_id=row and row.stripe_account_id,
        country=row and row.country,
        agreement=row and row.agreement,
        transfers=row.transfers if row is not None and row.stripe_account_id is not None else None,
        requirements=_requirements(row.requirements) if row is not None and row.stripe_account_id is not None else None,
        bank_payout=_bank_payout(row.bank_payout) if row is not None and row.bank_payout is not None else None,
        stated_at=row and row.stated_at,
    )


def payout_account_link(row: ConnectedAccount, link: HandedLink | None) -> PayoutAccountLink:
    """The link, or that it is not ready."""
    sentence = sentence_of(row) if link is not None or row.problem is not None else payout_accounts.sentence("linking")
    return PayoutAccountLink(
        url=link and link.url, expires_at=link and link.expires_at, status=state_of(row), sentence=sentence
    )


def state_of(row: ConnectedAccount | None) -> State:
    """What the state of the account is called."""
    if row is None:
        return "none"
    return states.state_of(
        is_created=row.stripe_account_id is not None,
        problem=row.problem,
        transfers=row.transfers,
        requirements=row.requirements,
        has_details=row.has_details,
    )


def sentence_of(row: ConnectedAccount | None) -> str:
    """The state of the account in a sentence, with what Stripe requires."""
    if row is None:
        return payout_accounts.sentence("none")
    wants = states.open_requirements(row.requirements)
    return payout_accounts.sentence(state_of(row), requirements=wants, details=row.requirements, problem=row.problem)


def _requirements(stored: Mapping[str, Any]) -> Requirements:
    return Requirements(
        currently_due=stored.get("due", []),
        past_due=stored.get("past_due", []),
        pending_verification=stored.get("pending", []),
        disabled_reason=stored.get("disabled_reason"),
        errors=[RequirementError(**error) for error in stored.get("errors", [])],
    )


def _bank_payout(stored: Mapping[str, Any]) -> BankPayout:
    failure_code = stored.get("failure_code")
    return BankPayout(
        id=stored["id"],
        status=stored["status"],
        failure_code=failure_code,
        sentence=payout_accounts.bank_payout(stored["status"], failure_code),
    )
