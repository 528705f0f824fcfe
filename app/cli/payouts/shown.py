"""How runs and payouts are printed for people: partners by their codes, amounts as money, everything else as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.cli import printing
from app.money import format_money

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.payouts.showing.run_views import PayoutRunBody, SkippedBody
    from app.payouts.showing.views import PayoutBody, PayoutDetail

NOTHING_PAYABLE = "nothing is payable; `accrual balances` shows what is accrued and not approved"


def load_codes(session: Session, bodies: list[PayoutBody | SkippedBody]) -> dict[str, str]:
    """The codes of the partners of these payouts, by `par_…` id."""
    from app.partners.queries.codes import load_codes as load

    return load(session, {body.partner_id for body in bodies})


def print_run(session: Session, body: PayoutRunBody, *, as_json: bool) -> None:
    """Print a run or a preview: totals, payouts, and what is skipped with the reasons."""
    from app.views import jsonable

    if as_json:
        printing.as_document(jsonable(body))
        return
    if not body.payouts and not body.skipped and body.id is None:
        printing.say(NOTHING_PAYABLE)
        return
    codes = load_codes(session, [*body.payouts, *body.skipped])
    printing.listing([row(payout, codes, is_preview=body.id is None) for payout in body.payouts])
    if body.skipped:
        printing.say("\nnot paid", is_bold=True)
        printing.listing([_skipped(skipped, codes) for skipped in body.skipped])
    if body.totals:
        printing.say("\nin total", is_bold=True)
        printing.listing([{"partners": total.partners, **_amounts(total)} for total in body.totals])
    facts = {"run": body.id, "status": body.status, "preview token": body.preview_token}
    printing.say("")
    printing.record({name: value for name, value in facts.items() if value is not None})


def row(payout: PayoutBody, codes: Mapping[str, str], *, is_preview: bool = False) -> dict[str, Any]:
    """A payout in a table or as a record of a few lines."""
    shown = {"partner": codes[payout.partner_id], **_amounts(payout), "method": payout.method}
    if is_preview:
        return shown
    returned = format_money(payout.returned_cents, payout.currency)
    return {
        "id": payout.id,
        **shown,
        "status": payout.status if not payout.returned_cents else f"{payout.status} ({returned})",
        "reference": payout.reference,
    }


def print_payout(session: Session, body: PayoutDetail) -> None:
    """Print a payout with what became of it, the commissions and opening balances in it, and what came back."""
    printing.record(
        {
            **row(body, load_codes(session, [body])),
            "run": body.run_id,
            "destination": body.destination,
            "provider_id": body.provider_id,
            "reserved": body.created_at,
            "sent": body.sent_at,
            "paid": body.paid_at,
            "failure_reason": body.failure_reason,
            "problem": body.problem,
        }
    )
    printing.say("\ncommissions and opening balances", is_bold=True)
    printing.listing(
        [{"id": line.commission_id or line.opening_balance_id, **_amounts(line, body.currency)} for line in body.lines]
    )
    if body.returns:
        printing.say("\nwhat came back", is_bold=True)
        printing.listing(
            [
                {
                    "when": returned.occurred_at,
                    "amount": format_money(returned.amount_cents, body.currency),
                    "payable_again": format_money(returned.gross_cents, body.currency),
                    "reason": returned.reason,
                }
                for returned in body.returns
            ]
        )


def _skipped(skipped: SkippedBody, codes: Mapping[str, str]) -> dict[str, str]:
    return {
        "partner": codes[skipped.partner_id],
        "payable": format_money(skipped.payable_cents, skipped.currency),
        "reason": skipped.reason,
        "why": skipped.sentence,
    }


def _amounts(body: Any, currency: str | None = None) -> dict[str, str]:
    money = currency or body.currency
    names = ("gross", "fee", "net")
    return {name: format_money(getattr(body, f"{name}_cents"), money) for name in names}
