"""`python -m bench`: measures, prints the ratios with their aims, and writes them to `bench/results.json`."""

import argparse
from collections.abc import Callable
from typing import Final

from app.runtime import supervisor
from bench import (
    acknowledgement,
    burst,
    flood,
    latency,
    memory,
    million,
    pages,
    payouts,
    redirects,
    report,
    settlement,
    startup,
    subscriptions,
    web,
    young,
)
from bench.figures import Figure
from bench.installation import installed, running

PAYMENTS: Final = 10_000
YOUNG_PAYMENTS: Final = 60_000
MIXED_PAYMENTS: Final = 30_000
FLOOD: Final = 25_000


def main() -> None:
    """Run the benchmarks of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=BENCHMARKS, action="append", help="one benchmark; may be repeated")
    parser.add_argument("--rounds", type=int, default=5, help="rounds whose median is taken (default: 5)")
    parser.add_argument(
        "--million", action="store_true", help="only settle and read at 1,000,000 payments (ten minutes)"
    )
    parser.add_argument(
        "--flood",
        type=int,
        nargs="?",
        const=FLOOD,
        metavar="DELIVERIES",
        help=f"only a flood of deliveries ({FLOOD:,})",
    )
    chosen = parser.parse_args()
    figures: list[Figure] = []
    with supervisor.interruptible():
        for name in chosen.only or ([] if chosen.million or chosen.flood else BENCHMARKS):
            print(f"measuring {name} …", flush=True)
            figures += BENCHMARKS[name](chosen.rounds)
        if chosen.million:
            print(f"copying {million.MANY:,} payments first …", flush=True)
            figures += million.measure(rounds=chosen.rounds)
        if chosen.flood:
            figures += _flood(chosen.flood)
        report.write(figures)
    report.show(figures)


def _acknowledgement(rounds: int) -> list[Figure]:
    with installed() as installation:
        return acknowledgement.measure(installation, rounds=rounds)


def _redirects(rounds: int) -> list[Figure]:
    with installed() as installation:
        return redirects.measure(installation, rounds=rounds)


def _settlement(rounds: int) -> list[Figure]:
    return settlement.measure(payments=PAYMENTS, rounds=rounds)


def _young(_rounds: int) -> list[Figure]:
    return young.measure_first_payments(payments=YOUNG_PAYMENTS) + young.measure_mixed(payments=MIXED_PAYMENTS)


def _payouts(_rounds: int) -> list[Figure]:
    return payouts.measure()


def _pages(_rounds: int) -> list[Figure]:
    with settlement.prepared(PAYMENTS, due=settlement.INVOICES) as (installation, _):
        subscriptions.advance_sums()
        subscriptions.advance_balances()
        with web.served(pages.APPLICATION, installation.settings.data_dir) as port:
            return pages.measure(installation, port, PAYMENTS)


def _startup(rounds: int) -> list[Figure]:
    return startup.measure(rounds=rounds)


def _burst(rounds: int) -> list[Figure]:
    with running() as (installation, served, port):
        return burst.measure(installation, served, port, rounds=rounds)


def _flood(deliveries: int) -> list[Figure]:
    with running() as (installation, served, port):
        return flood.measure(installation, served, port, deliveries=deliveries)


def _running(_rounds: int) -> list[Figure]:
    with running() as (installation, served, port):
        return latency.measure(installation, port) + memory.measure(installation, served, port)


BENCHMARKS: Final[dict[str, Callable[[int], list[Figure]]]] = {
    "acknowledgement": _acknowledgement,
    "redirects": _redirects,
    "settlement": _settlement,
    "young": _young,
    "payouts": _payouts,
    "pages": _pages,
    "burst": _burst,
    "startup": _startup,
    "running": _running,
}


if __name__ == "__main__":
    main()
