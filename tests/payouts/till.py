"""The shop's till: what its owner does to pay partners, all of it over HTTP, and what the ledger holds then."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app import db, ids
from tests.api.conftest import Answer, Caller
from tests.cast import Merchant
from worker.payouts import reserving

Body = dict[str, Any]
Position = tuple[int, int, int, int, int, int]
"""Accrued, payable, clearing, paid, fee and written off, minor units."""

_POSITION = text("""
    SELECT account.kind, -sum(posting.amount_minor) FROM postings AS posting
    JOIN accounts AS account ON account.id = posting.account_id
    WHERE (CAST(:commission_id AS uuid) IS NULL OR posting.commission_id = :commission_id)
      AND posting.commission_id IN (SELECT id FROM commissions WHERE partner_id = :partner_id AND currency = :currency)
    GROUP BY account.kind
""")
_KINDS = ("partner_accrued", "partner_payable", "payout_clearing", "partner_paid", "platform_fee", "written_off")


@dataclass(frozen=True)
class Sale:
    """The public ids of what a sale left behind."""

    conversion_id: str
    commission_id: str


@dataclass(frozen=True)
class Till:
    """A caller with a manage key, and the shop it manages."""

    caller: Caller
    merchant: Merchant

    @property
    def program(self) -> str:
        return f"/v1/admin/affiliate/programs/{ids.encode(ids.PROGRAM, self.merchant.program_id)}"

    def partner(self, code: str) -> str:
        return ids.encode(ids.PARTNER, self.merchant.partners[code])

    def pays_to(self, code: str, email: str | None = None, method: str = "paypal") -> None:
        body = {"payout_method": method, "payout_email": email or f"{code}@wallet.example"}
        answer = self.caller.call("PATCH", f"/api/v1/partners/{self.partner(code)}", json=body)
        assert answer.status_code == 200, answer.text

    def puts_method(self, code: str, **fields: str) -> None:
        answer = self.caller.call("PUT", f"/api/v1/partners/{self.partner(code)}/payout-method", json=fields)
        assert answer.status_code == 200, answer.text

    def sets(self, **settings: Any) -> None:
        answer = self.caller.patch(self.program, settings)
        assert answer.status_code == 200, answer.text

    def sells(self, code: str, base_minor: int = 4900, *, currency: str = "usd") -> Sale:
        """One sale that the shop reports."""
        body = {"affiliate_id": self.partner(code), "amount_cents": base_minor, "currency": currency}
        answer = self.caller.post(f"{self.program}/conversions", body)
        assert answer.status_code == 201, answer.text
        conversion_id = str(answer.json["id"])
        page = self.caller.get("/api/v1/commissions", limit=100).json["commissions"]
        return Sale(conversion_id, next(str(each["id"]) for each in page if each["conversionId"] == conversion_id))

    def refunds(self, sale: Sale, amount_minor: int) -> None:
        """So much of what the customer paid is given back."""
        answer = self.caller.post(f"/api/v1/conversions/{sale.conversion_id}/refunds", {"amount_cents": amount_minor})
        assert answer.status_code == 201, answer.text

    def approves(self, conversion_id: str) -> None:
        answer = self.caller.post(f"{self.program}/conversions/{conversion_id}/approve", {})
        assert answer.status_code == 200, answer.text

    def owes(self, code: str, *bases_minor: int, currency: str = "usd") -> list[Sale]:
        """Approved sales of a partner with a payout method."""
        self.pays_to(code)
        sales = [self.sells(code, base, currency=currency) for base in bases_minor or (4900,)]
        for sale in sales:
            self.approves(sale.conversion_id)
        return sales

    def previews(self, **asked: Any) -> Body:
        answer = self.caller.call("POST", f"{self.program}/payouts?dry_run=true", json=asked)
        assert answer.status_code == 200, answer.text
        return dict(answer.json["data"])

    def asks(self, **asked: Any) -> Answer:
        return self.caller.post(f"{self.program}/payouts", asked)

    def runs(self, **asked: Any) -> Body:
        """A run with everything that it could reserve reserved."""
        answer = self.asks(**asked)
        assert answer.status_code == 201, answer.text
        assert answer.json["data"]["status"] == "reserving"
        reserving.work_slice(60)
        return self.sees_run(answer.json["data"]["id"])

    def sees_run(self, run_id: str) -> Body:
        return dict(self.caller.get(f"/api/v1/payout-runs/{run_id}").json["data"])

    def sees(self, payout_id: str) -> Body:
        answer = self.caller.get(f"/api/v1/payouts/{payout_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def does(self, payout_id: str, step: str, **body: Any) -> Answer:
        return self.caller.post(f"/api/v1/payouts/{payout_id}/{step}", body)

    def did(self, payout_id: str, step: str, **body: Any) -> Body:
        answer = self.does(payout_id, step, **body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def bans(self, code: str) -> Body:
        affiliate = ids.encode(ids.AFFILIATE, self.merchant.partners[code])
        answer = self.caller.post(f"{self.program}/affiliates/{affiliate}/ban")
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def writes_off(self, code: str, amount_cents: int, currency: str = "usd") -> Answer:
        body = {"currency": currency, "amount_cents": amount_cents, "reason": "left the country"}
        return self.caller.post(f"/api/v1/partners/{self.partner(code)}/write-off", body)

    def holds(self, code: str, sale: Sale | str | None = None, currency: str = "usd") -> Position:
        """What the ledger holds for a partner, or for one commission of it, read in the tests' own SQL."""
        commission_id = sale.commission_id if isinstance(sale, Sale) else sale
        values = {
            "partner_id": self.merchant.partners[code],
            "currency": currency,
            "commission_id": ids.decode(commission_id, ids.COMMISSION) if commission_id else None,
        }
        with db.transaction() as session:
            sums = {kind: int(minor) for kind, minor in session.execute(_POSITION, values)}
        found = tuple(sums.get(kind, 0) for kind in _KINDS)
        assert sum(found) == -sums.get("commission_expense", 0)
        return found  # type: ignore[return-value]  # six of them


def set_payout(payout_id: str, status: str, **columns: datetime | str) -> None:
    """Put a payout into a status that only a file or a call to a provider leads to."""
    changes = ", ".join(f"{name} = :{name}" for name in ("status", *columns))
    with db.transaction() as session:
        session.execute(
            text(f"UPDATE payouts SET {changes} WHERE id = :id"),
            {"id": ids.decode(payout_id, ids.PAYOUT), "status": status, **columns},
        )


def payout_of(run: Body, till: Till, code: str) -> Body:
    return next(dict(each) for each in run["payouts"] if each["partner_id"] == till.partner(code))


def skipped(run: Body) -> dict[str, str]:
    """The reason by partner."""
    return {each["partner_id"]: each["reason"] for each in run["skipped"]}


def totals(run: Body) -> Iterable[tuple[str, int, int, int, int]]:
    return [
        (each["currency"], each["partners"], each["gross_cents"], each["fee_cents"], each["net_cents"])
        for each in run["totals"]
    ]
