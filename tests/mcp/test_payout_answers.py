"""An agent reads every word of an answer, so answers about payout runs list only the first payouts."""

from datetime import UTC, datetime

from app.mcp.tools import payouts
from app.payouts.showing.run_views import PayoutRunBody, RunTotalsBody, SkippedBody

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def run(skipped: int) -> PayoutRunBody:
    """A preview that skips so many partners, and pays others."""
    left = SkippedBody(
        partner_id="par_1",
        currency="usd",
        payable_cents=5,
        minimum_cents=9,
        reason="below_minimum",
        sentence="Too low.",
    )
    totals = RunTotalsBody(currency="usd", partners=900, gross_cents=90_000, fee_cents=0, net_cents=90_000)
    return PayoutRunBody(
        id=None,
        program_id="prog_1",
        status=None,
        cutoff_at=NOW,
        created_at=None,
        preview_token="signed",
        totals=[totals],
        payouts=[],
        skipped=[left] * skipped,
        files=[],
        has_more=False,
    )


def test_answer_about_a_large_run_lists_the_first_and_says_that_there_are_more() -> None:
    for skipped, listed, has_more in ((1000, 50, True), (51, 50, True), (50, 50, False)):
        shown = payouts.cut(run(skipped)).data
        assert (len(shown.skipped), shown.has_more) == (listed, has_more)
        assert (shown.totals[0].partners, shown.preview_token) == (900, "signed")
