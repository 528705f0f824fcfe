"""What a run pays to a partner in a currency, or why it pays nothing. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Final
from uuid import UUID

from app.immutable import immutable
from app.partners.payout_methods.stored import StoredMethod
from app.payouts import amounts, methods
from app.payouts.amounts import NOTHING, PayoutAmounts
from app.payouts.methods import MethodName, Payer, Refusal
from app.payouts.reserving.payables import Owed

WITHOUT_DESTINATION: Final = ("external",)
"""Methods whose destination the merchant's system knows."""


@immutable
class RunTerms:
    """What decides about all payouts of a run.

    Attributes:
        fee_bps: the program's platform fee.
        minimums: by currency the smallest payable amount that is paid, before the fee, minor units.
        payer: what the owner has set up.
        is_settling: whether amounts may still change by what is known to be missing.
    """

    fee_bps: int
    minimums: Mapping[str, int]
    payer: Payer
    is_settling: bool


@immutable
class Plan:
    """What is paid to a partner in a currency; with a `reason`, nothing is.

    Attributes:
        amounts: gross, fee, net and the lines.
        reason: a code of `app.sentences.payouts.SKIPPED`.
        details: what the sentence of the reason needs.
    """

    owed: Owed
    minimum_minor: int
    method: StoredMethod | None = None
    amounts: PayoutAmounts = NOTHING
    reason: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_paid(self) -> bool:
        """Whether it becomes a payout."""
        return self.reason is None

    @property
    def method_name(self) -> MethodName | None:
        """How the partner is paid; None: it has not chosen."""
        return self.method.method if self.method else None

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the destination."""
        return self.method.fingerprint if self.method else None

    @property
    def line(self) -> list[Any]:
        """What a preview promises of it: a run that differs in any of these is not the one that was looked at."""
        paid = self.amounts
        return [
            str(self.owed.partner_id),
            self.owed.currency,
            *(paid.gross_minor, paid.fee_minor, paid.net_minor),
            self.method_name,
            self.fingerprint,
        ]


def plan(
    owed: Owed,
    payable_lines: Sequence[tuple[UUID, int]],
    *,
    partner_status: str,
    method: StoredMethod | None,
    terms: RunTerms,
    unable: Refusal | None = None,
    destination_problem: Refusal | None = None,
) -> Plan:
    """What is paid of `owed`.

    Args:
        owed: the sum of the lines.
        payable_lines: the commissions with their payable amounts, oldest first; for a preview one line of them all.
        partner_status: as stored; a banned partner is paid nothing.
        method: how and where the partner is paid; None: it has not chosen.
        terms: those of the run.
        unable: why the destination cannot receive money now; None: nothing is known against it.
        destination_problem: why its destination cannot be paid to.
    """
    minimum_minor = terms.minimums.get(owed.currency, 0)

    def skipped(reason: str, details: Mapping[str, Any] | None = None) -> Plan:
        return Plan(owed, minimum_minor, method, reason=reason, details=details or {})

    if reason := _obstacle(owed, minimum_minor, partner_status, terms):
        return skipped(reason)
    if method is None:
        return skipped("no_payout_method")
    if unable is not None:
        return skipped("method_unavailable", unable.details)
    if method.destination_encrypted is None and method.method not in WITHOUT_DESTINATION:
        return skipped("destination_invalid", Refusal("missing", {"field": "destination"}).details)
    if destination_problem is not None:
        return skipped("destination_invalid", destination_problem.details)
    paid = amounts.amounts_of(payable_lines, terms.fee_bps, methods.step(method.method, owed.currency))
    if paid.net_minor <= 0:
        return skipped("not_positive")
    refusal = methods.refusal(method.method, method.country, owed.currency, paid.net_minor, terms.payer)
    if refusal is not None:
        return skipped("method_unavailable", refusal.details)
    return Plan(owed, minimum_minor, method, paid)


def _obstacle(owed: Owed, minimum_minor: int, partner_status: str, terms: RunTerms) -> str | None:
    """Why nothing is paid, whatever the method; None if something may be."""
    if terms.is_settling:
        return "settling"
    if partner_status == "banned":
        return "partner_banned"
    if owed.payable_minor <= 0:
        return "not_positive"
    return "below_minimum" if owed.payable_minor < minimum_minor else None
