"""What happens to balances and payouts: paid, failed, returned, written off, brought in, banned.

An act that finds nothing to act on returns None.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from app import db
from app.commissions.elsewhere import opening_balances
from app.commissions.elsewhere.opening_balances import EarnedElsewhere
from app.organizations.actors import CLI
from app.partners.managing import commands as managing
from app.partners.models import Partner
from app.payouts.models import Payout as PayoutRow
from app.payouts.reserving import commands as runs
from app.payouts.reserving.requests import RunRequest
from app.payouts.steps import bans, write_offs
from app.payouts.steps import commands as steps
from app.programs.models import Program
from tests.properties import oracle_payouts as oracle
from tests.properties.oracle_payouts import Commission, planned
from worker.payouts import reserving

from .rows import PAYOUTS
from .shop import CURRENCIES, METHODS, MINIMUMS, PARTNERS, now
from .year import Year

_SKIPPED = text("""
    SELECT partner.slug AS partner, item.currency, item.reason
    FROM payout_run_items AS item JOIN partners AS partner ON partner.id = item.partner_id
    WHERE item.run_id = :run_id AND item.state = 'skipped'
""")


def pays_out(year: Year) -> str:
    cutoff_at = year.chance.choice([*year.moments, now().occurred_at, now().occurred_at])
    payouts, skipped = planned(year.commissions, cutoff_at, METHODS, year.fee_bps, MINIMUMS, year.banned)
    asked = RunRequest(cutoff_at=cutoff_at)
    with db.transaction() as session:
        program = session.get_one(Program, year.merchant.program_id)
        if year.chance.random() < 0.5:
            token = runs.preview(session, program, asked, livemode=False).token
            asked = replace(asked, preview_token=token)
        run_id = runs.create(session, CLI, program, asked, livemode=False).id
    while reserving.work_slice(1.0):
        pass
    with db.transaction() as session:
        left_out = {(row.partner, row.currency): row.reason for row in session.execute(_SKIPPED, {"run_id": run_id})}
        made = [row for row in session.execute(PAYOUTS) if row.id not in year.payouts]
    assert left_out == skipped
    by_pair = {(payout.partner, payout.currency): payout for payout in payouts}
    assert sorted((row.partner, row.currency) for row in made) == sorted(by_pair)
    for row in made:
        year.payouts[row.id] = payout = by_pair[row.partner, row.currency]
        payout.is_reserved()
    return f"pays out {[(one.partner, one.currency, one.gross_minor) for one in payouts]}, not {skipped}"


def confirms(year: Year) -> str | None:
    payout_id = year.any_of(list(year.payouts), lambda one: year.payouts[one].status == "pending")
    if payout_id is None:
        return None
    with db.transaction() as session:
        steps.confirm(session, CLI, session.get_one(PayoutRow, payout_id), now())
    year.payouts[payout_id].is_paid()
    return f"payout {_words(year, payout_id)} confirmed"


def fails_or_cancels(year: Year) -> str | None:
    payout_id = year.any_of(list(year.payouts), lambda one: year.payouts[one].status == "pending")
    if payout_id is None:
        return None
    ending = year.chance.choice(["failed", "canceled"])
    with db.transaction() as session:
        row = session.get_one(PayoutRow, payout_id)
        if ending == "failed":
            steps.fail(session, CLI, row, now(), reason="no such account")
        else:
            steps.cancel(session, CLI, row, now())
    year.payouts[payout_id].comes_to_nothing(ending)
    return f"payout {_words(year, payout_id)} {ending}"


def money_comes_back(year: Year) -> str | None:
    def has_left(one: Any) -> bool:
        payout = year.payouts[one]
        return payout.status in ("paid", "returned") and payout.back_minor < payout.net_minor

    payout_id = year.any_of(list(year.payouts), has_left)
    if payout_id is None:
        return None
    payout = year.payouts[payout_id]
    left = payout.net_minor - payout.back_minor
    minor = left if year.chance.random() < 0.4 else year.chance.randint(1, left)
    with db.transaction() as session:
        row = session.get_one(PayoutRow, payout_id)
        steps.give_back(session, CLI, row, now(), amount_minor=minor, reason="sent back")
    payout.comes_back(minor)
    return f"payout {_words(year, payout_id)}: {minor} came back"


def writes_off(year: Year) -> str | None:
    payable: Counter[tuple[str, str]] = Counter()
    for commission in year.commissions:
        payable[commission.partner, commission.currency] += commission.pots["payable"]
    pair = year.any_of([pair for pair, minor in payable.items() if minor], lambda _: True)
    if pair is None:
        return None
    whole = payable[pair]
    minor = year.chance.randint(1, abs(whole)) * (1 if whole > 0 else -1)
    code, currency = pair
    with db.transaction() as session:
        partner = session.get_one(Partner, year.merchant.partners[code])
        write_offs.write_off(
            session,
            CLI,
            partner,
            now(),
            livemode=False,
            currency=currency,
            amount_minor=minor,
            reason="too little",
        )
    own = [one for one in year.commissions if (one.partner, one.currency) == pair]
    oracle.written_off(own, minor)
    return f"{minor} {currency} of {code} written off"


def brings_in(year: Year) -> str:
    """What a partner earned elsewhere, or owed, becomes payable as of a moment in the past."""
    code, currency = year.chance.choice(PARTNERS), year.chance.choice(CURRENCIES)
    minor = year.chance.choice([-1, 1, 1]) * year.chance.randint(1, 5_000)
    by = now()
    occurred_at = year.chance.choice([*year.moments, by.occurred_at])
    name = str(len(year.brought_in))
    earned = EarnedElsewhere(currency, minor, "another system", name, occurred_at)
    for _ in range(2):  # the second time is a repetition
        with db.transaction() as session:
            partner = session.get_one(Partner, year.merchant.partners[code])
            balance = opening_balances.record(session, CLI, partner, earned, livemode=False, cause=by)
            opening_id = str(balance.id)
    opened = Commission(opening_id, code, currency, minor, approved_at=occurred_at)
    opened.becomes(minor, is_approved=True)
    year.brought_in.append(opened)
    return f"{code} had {minor} {currency} elsewhere"


def bans_or_lets_back(year: Year) -> str:
    """Gus is banned, which cancels what is pending, or approved again."""
    is_ban = "gus" not in year.banned
    with db.transaction() as session:
        gus = session.get_one(Partner, year.merchant.partners["gus"])
        if is_ban:
            bans.ban(session, CLI, gus, now())
        else:
            managing.move(session, CLI, gus, "approve")
    year.banned ^= {"gus"}
    for payout in year.payouts.values():
        if is_ban and payout.partner == "gus" and payout.status == "pending":
            payout.comes_to_nothing("canceled")
    return "gus is banned" if is_ban else "gus is let back"


def _words(year: Year, payout_id: Any) -> str:
    payout = year.payouts[payout_id]
    return f"{payout.partner} {payout.gross_minor} {payout.currency}"
