"""An archive restores everything on an empty installation, which then goes on."""

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app import db, ids
from app.config import Settings
from app.transfer.exports import restoring
from app.transfer.exports.tables import EXPORTED
from tests import cast
from tests.api.conftest import MakeCaller
from tests.api.sales import pay_unattributed
from tests.cast import Merchant
from tests.conftest import WEBHOOK_SECRET, Deliver, Drain
from tests.journeys.months import statements
from tests.ledger_clock import LedgerClock
from tests.payouts.till import Till
from worker.transfer import imports

from . import archives
from .conftest import Lose, Restore
from .rest_of_shop import asks_for_an_import
from .story import Story, goes_on, live, seen

PASSPHRASE = "correct horse battery"
IBAN = "DE89370400440532013000"
NOT_THE_SAME = {"manifest.json", "audit_entries", "outbound_endpoints", "organizations"}
"""What a second export has otherwise: its restoration is in the audit trail, outbound endpoints are disabled, and the
salts of affiliates that belong to no exported organization are random."""


@pytest.fixture
def story(
    merchant: Merchant, deliver: Deliver, drain: Drain, clock: LedgerClock, till: Till, client: FlaskClient
) -> Story:
    story = Story(merchant, deliver, drain, clock)
    live(story, till, client)
    return story


def test_restored_installation_says_the_same_and_goes_on(
    story: Story, lose_everything: Lose, restored: Restore, caller_of: MakeCaller
) -> None:
    before = seen(story)
    archive = archives.exported(passphrase=PASSPHRASE)
    lose_everything()
    restored(archive, PASSPHRASE)
    _assert_same(seen(story), before)
    july = statements(story.merchant)["2026-07"]
    goes_on(story, Till(caller_of(story.merchant), story.merchant))
    after = seen(story)
    assert statements(story.merchant)["2026-08"].previous_hash == july.hash
    for at in before["balances"]:
        if not at.startswith("9999"):
            assert after["balances"][at] == before["balances"][at]


def test_archive_has_no_secrets_and_restores_without_destinations(
    story: Story, merchant: Merchant, till: Till, settings: Settings, lose_everything: Lose, restored: Restore
) -> None:
    archive = archives.exported(merchant.organization_id)
    files = archives.files_of(archive)
    assert [table for table in EXPORTED if not archives.rows_of(archive, table)] == [], "tables without a row here"
    whole = b"\n".join(files.values())
    for secret in (str(till.caller.key), WEBHOOK_SECRET, settings.secret_keys[0], IBAN, "ada@wallet.example"):
        assert secret.encode() not in whole, secret
    assert re.search(rb"aff_(test|live)_|whsec_|[sr]k_(test|live)_|gAAAA", whole) is None
    assert "'=Friends, with a formula" in files["csv/programs.csv"].decode()
    assert files["csv/statements.csv"].count(b"\r\n") == len(archives.rows_of(archive, "statements")) + 1 > 1

    lose_everything()
    restored(archive)
    with db.transaction() as session:
        endpoint = session.execute(text("SELECT disabled_reason, secret_encrypted FROM outbound_endpoints")).one()
        methods = session.execute(text("SELECT method, destination_encrypted FROM payout_methods")).all()
    assert (endpoint.disabled_reason, endpoint.secret_encrypted[:5]) == ("restored", "gAAAA")
    assert {method for method, _ in methods} == {"paypal", "bank_transfer"}
    assert {destination for _, destination in methods} == {None}
    again = archives.files_of(archives.exported(merchant.organization_id))
    changed = {name for name in files if files[name] != again[name]}
    assert {name.rpartition("/")[2].partition(".")[0] for name in changed - {"manifest.json"}} <= NOT_THE_SAME
    assert json.loads(files["manifest.json"])["passphrase"] is None


def test_an_import_that_had_not_ended_has_failed_after_the_restoration(
    till: Till, lose_everything: Lose, restored: Restore, caller_of: MakeCaller
) -> None:
    import_id = asks_for_an_import(till)
    archive = archives.exported()
    lose_everything()
    restored(archive)
    imports.work_slice(60)
    found = caller_of(till.merchant).get(f"/api/v1/imports/{import_id}").json["data"]
    assert found["status"] == "failed"
    assert found["sentence"].endswith("which has no files of imports; import the files again.")


def test_rows_that_refer_to_later_ones_of_their_table_are_restored_in_any_batch(
    merchant: Merchant, lose_everything: Lose, restored: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "BATCH_ROWS", 1)
    with db.transaction() as session:
        cast.enroll(session, merchant, "eve")
        cast.place_under(session, merchant, "ada", "eve")
        merged, into = (ids.decode(pay_unattributed(session, merchant, number), ids.PAYMENT) for number in (1, 2))
        moved = text("UPDATE payments SET merged_into_id = :into WHERE id = :merged")
        session.execute(moved, {"merged": merged, "into": into})
    archive = archives.exported()
    lose_everything()
    restored(archive)
    with db.transaction() as session:
        uplines = session.execute(text("SELECT id, parent_id FROM partners WHERE parent_id IS NOT NULL")).all()
        payments = session.execute(text("SELECT id, merged_into_id FROM payments ORDER BY id")).all()
    assert uplines == [(merchant.partners["ada"], merchant.partners["eve"])]
    assert payments == [(merged, into), (into, None)]


def _assert_same(after: dict[str, Any], before: dict[str, Any]) -> None:
    """Compares part by part, so that a failure shows what differs."""
    explained = after.pop("explanations"), before["explanations"]
    assert explained[0].keys() == explained[1].keys()
    for named, explanation in explained[0].items():
        assert json.dumps(explanation, indent=1).splitlines() == json.dumps(explained[1][named], indent=1).splitlines()
    assert after == {name: part for name, part in before.items() if name != "explanations"}
