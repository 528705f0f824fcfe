"""Request models for payouts: paths, queries and bodies."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app.paging import Numbered
from app.payouts.methods import MethodName
from app.payouts.reserving.requests import RunRequest
from app.payouts.transitions import PayoutStatus
from app.views import UNSENT, Moment, OneLine, Request, hide_defaults

Reason = Annotated[str, Field(min_length=1, max_length=500, examples=["account closed"]), OneLine(filled=True)]
PartnerId = Annotated[str, Field(max_length=80)]
Currency = Annotated[str, Field(min_length=3, max_length=3, examples=["usd"])]


class PayoutPath(Request):
    """A payout."""

    payout_id: str


class PayoutRunPath(Request):
    """A run."""

    payout_run_id: str


class PayoutFilePath(PayoutRunPath):
    """A file of a run."""

    file_id: str = Field(description="`pyf_…`; the run lists its files.")


class RunQuery(Request):
    """Whether it is only a preview."""

    dry_run: bool = Field(default=False, description="Only show what would be paid; nothing is written.")


class RunConditions(Request):
    """Whom and what a run pays; without conditions everything that is payable."""

    model_config = ConfigDict(json_schema_extra=hide_defaults)

    cutoff_at: Moment = Field(
        default=UNSENT, description="Credits approved later are left out, by default now. Debts always count."
    )
    partner_ids: list[PartnerId] = Field(default=[], max_length=1000, description="Only these partners.")
    exclude_partner_ids: list[PartnerId] = Field(default=[], max_length=1000, description="All but these partners.")
    currencies: list[Currency] = Field(default=[], max_length=200, examples=[["usd"]])
    methods: list[MethodName] = Field(default=[], max_length=20, description="Only partners paid in one of these ways.")

    def asked(self, preview_token: str | None = None) -> RunRequest:
        """The request of the command, compared with the preview of this token if there is one."""
        return RunRequest(
            cutoff_at=self.cutoff_at,
            partner_ids=self.partner_ids,
            exclude_partner_ids=self.exclude_partner_ids,
            currencies=self.currencies,
            methods=self.methods,
            preview_token=preview_token,
        )


class RunCreation(RunConditions):
    """Whom and what a run pays, and the preview it is compared with."""

    preview_token: Annotated[str, Field(max_length=2000)] = Field(
        default=UNSENT, description="Of a preview: the run is refused if it would pay anything else."
    )


class PayoutQuery(Numbered):
    """A page of payouts, newest first."""

    limit: int = Field(default=50, ge=1, le=100)
    status: PayoutStatus | None = None
    partner_id: str | None = None
    run_id: str | None = None


class PayoutConfirmation(Request):
    """That a payout has reached the partner."""

    model_config = ConfigDict(json_schema_extra=hide_defaults)

    reference: Annotated[str, Field(min_length=1, max_length=200), OneLine(filled=True)] = Field(
        default=UNSENT, description="The name of the payment at the bank or the provider.", examples=["4XK71234AB"]
    )
    paid_at: Moment = Field(default=UNSENT, description="When it was paid; by default now.")


class RunConfirmation(Request):
    """That the payouts of a run in downloaded files have reached their partners."""

    model_config = ConfigDict(json_schema_extra=hide_defaults)

    paid_at: Moment = Field(
        default=UNSENT, description="When they were paid; by default now.", examples=["2026-11-28T12:00:00Z"]
    )


class Failure(Request):
    """That a payout did not reach the partner."""

    reason: Reason


class Cancellation(Request):
    """That a payout is not paid."""

    model_config = ConfigDict(json_schema_extra=hide_defaults)

    force: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="Also if its file was downloaded; takes a reason. Its line must not be paid."
    )
    reason: Reason = UNSENT


class Return(Request):
    """That money of a payout came back."""

    model_config = ConfigDict(json_schema_extra=hide_defaults)

    amount_cents: Annotated[int, Field(ge=1, le=10**15, strict=True)] = Field(
        description="How much of the net, in the currency's smallest unit.", examples=[400]
    )
    reason: Reason
    returned_at: Moment = Field(default=UNSENT, description="When it came back; by default now.")


class WriteOff(Request):
    """That so much of a balance will never be paid, or of a debt never repaid."""

    currency: Currency
    amount_cents: Annotated[int, Field(ge=-(10**15), le=10**15, strict=True)] = Field(
        description="Positive ends a balance, negative a debt; in the currency's smallest unit.", examples=[980]
    )
    reason: Reason
