"""What a preview promises: the run pays what it showed, or is refused as stale."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app import db, sealing
from app.config import Settings
from app.payouts.reserving import previews
from worker.payouts import reserving

from .till import Till, skipped, totals


def test_preview_writes_nothing_and_works_while_payouts_are_switched_off(
    till: Till, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.owes("ada")
    monkeypatch.setattr(sealing._Process, "settings", settings.model_copy(update={"payouts_live": False}))
    shown = till.previews()
    assert (shown["id"], shown["status"], shown["payouts"][0]["gross_cents"]) == (None, None, 980)
    with db.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM payout_runs")) == 0
    answer = till.asks(preview_token=shown["preview_token"])
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "payouts_disabled")


def test_run_pays_what_its_preview_showed(till: Till) -> None:
    till.sets(platform_fee_bps=500)
    till.owes("ada", 4900, 5000)
    shown = till.previews()
    run = till.runs(preview_token=shown["preview_token"])
    assert totals(run) == totals(shown)
    assert run["cutoff_at"] == shown["cutoff_at"]


def test_preview_is_stale_when_an_amount_a_destination_or_the_fee_has_changed(till: Till) -> None:
    sales = till.owes("ada", 4900, 5000)
    for change in (
        lambda: till.refunds(sales[0], 100),
        lambda: till.pays_to("ada", "elsewhere@wallet.example"),
        lambda: till.sets(platform_fee_bps=100),
        lambda: till.bans("ada"),
    ):
        token = till.previews()["preview_token"]
        change()
        answer = till.asks(preview_token=token)
        assert (answer.status_code, answer.json["error"]["code"]) == (409, "preview_stale")


def test_credit_approved_after_the_preview_changes_nothing(till: Till) -> None:
    till.owes("ada", 4900)
    token = till.previews()["preview_token"]
    till.owes("ada", 5000)
    assert till.runs(preview_token=token)["payouts"][0]["gross_cents"] == 980


def test_token_of_another_request_mode_or_time_is_refused(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    till.owes("ada")
    token = till.previews()["preview_token"]
    for asked in ({"currencies": ["usd"]}, {"cutoff_at": "2026-01-01T00:00:00Z"}):
        assert till.asks(preview_token=token, **asked).json["error"]["code"] == "preview_stale"
    assert till.asks(preview_token="made up").json["error"]["param"] == "preview_token"
    monkeypatch.setattr(previews, "VALID_FOR", timedelta(0))
    assert till.asks(preview_token=till.previews()["preview_token"]).json["error"]["code"] == "preview_stale"


def test_what_differs_from_the_preview_when_it_is_reserved_is_skipped(till: Till) -> None:
    till.owes("ada")
    till.owes("ben")
    answer = till.asks(preview_token=till.previews()["preview_token"])
    till.pays_to("ada", "elsewhere@wallet.example")
    reserving.work_slice(60)
    run = till.sees_run(answer.json["data"]["id"])
    assert skipped(run) == {till.partner("ada"): "preview_changed"}
    assert [one["partner_id"] for one in run["payouts"]] == [till.partner("ben")]
    assert till.holds("ada")[1] == 980
