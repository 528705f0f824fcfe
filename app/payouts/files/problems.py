"""Why stored destinations cannot be in a file of payouts, found before anything is reserved."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import sealing
from app.partners.payout_methods import stored
from app.partners.payout_methods.stored import StoredMethod
from app.payouts.files import kinds
from app.payouts.files.lines import FileLine
from app.payouts.methods import BY_FILE, Refusal

_NAMES: Final = text("SELECT id, slug, first_name, last_name FROM partners WHERE id = ANY(:ids)")


def load_problems(
    session: Session, pairs: Collection[tuple[UUID, str]], methods: Mapping[UUID, StoredMethod]
) -> dict[tuple[UUID, str], Refusal]:
    """Why partners cannot be paid in a currency; those that can be, or are not paid by a file, are left out.

    Args:
        session: reads names.
        pairs: partners and currencies.
        methods: how the partners are paid.
    """
    sealed = {
        partner_id: method.destination_encrypted
        for partner_id, method in methods.items()
        if method.destination_encrypted is not None and method.method in BY_FILE
    }
    settings = sealing.of_process()
    destinations = {partner_id: stored.unseal(encrypted, settings) for partner_id, encrypted in sealed.items()}
    names = load_names(session, [partner_id for partner_id in sealed if methods[partner_id].method == "crypto"])
    problems = {}
    for partner_id, currency in pairs:
        if partner_id in destinations:
            method = methods[partner_id]
            name, destination = names.get(partner_id, ""), destinations[partner_id]
            line = FileLine(method.method, currency, method.country, 0, "", name, destination)
            problems[partner_id, currency] = kinds.problem(line)
    return {pair: problem for pair, problem in problems.items() if problem is not None}


def load_names(session: Session, partner_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of these partners; of one without a name its code."""
    if not partner_ids:
        return {}
    rows = session.execute(_NAMES, {"ids": list(partner_ids)})
    return {partner_id: " ".join(filter(None, names)) or code for partner_id, code, *names in rows}
