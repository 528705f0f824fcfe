"""Settling and reading with a million payments in the tables."""

from typing import Final

from bench import pages, reading, settlement, subscriptions, web
from bench.figures import Figure, compared
from bench.settlement import INVOICES

FEW: Final = 10_000
MANY: Final = 1_000_000


def measure(*, rounds: int) -> list[Figure]:
    """Settling compared with a worker that has few payments in its tables, in turns; then reads and pages."""
    at_few, at_many = [], []
    due = INVOICES * (rounds + 1)
    with (
        settlement.prepared(FEW, due) as (_, small),
        settlement.prepared(MANY, due) as (installation, large),
    ):
        for _ in range(rounds):
            at_few.append(settlement.settle(small[:1]))
            at_many.append(settlement.settle(large[:1]))
        subscriptions.advance_sums()
        subscriptions.advance_balances()
        with web.served("app.web:create_app()", installation.settings.data_dir) as port:
            read = reading.measure(installation, port, MANY)
        with web.served(pages.APPLICATION, installation.settings.data_dir) as port:
            read += pages.measure(installation, port, MANY)
    name = f"renewal invoices settled at {MANY:,} payments, beside {FEW:,}"
    return [compared(name, at_many, at_few, unit="/s", at_least=0.85), *read]
