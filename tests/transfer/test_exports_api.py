"""Exports over the API: asked for, made by the job in parts, downloaded, and deleted after their time."""

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import text

from app import db, ids, sealing
from app.commissions.elsewhere import customers
from app.commissions.settling.settlement import Cause
from app.errors import Conflict, LeaseLost
from app.organizations.actors import CLI
from app.programs.models import Program
from app.transfer.exports.stored import job
from app.transfer.exports.stored.job import PartWriter
from tests.api.conftest import Answer, Caller, MakeCaller
from tests.api.sales import sell
from tests.cast import Merchant, open_merchant, set_api_key
from tests.payouts.till import Till
from worker.transfer import exports

from . import archives
from .conftest import Lose, Restore

EXPORTS = "/api/v1/exports"
PASSPHRASE = "correct horse battery"


def made(caller: Caller, **asked: str) -> Mapping[str, object]:
    """An export that the job has worked on."""
    answer = caller.post(EXPORTS, asked)
    assert (answer.status_code, answer.json["status"]) == (202, "queued")
    exports.work_slice(60)
    return dict(caller.get(f"{EXPORTS}/{answer.json['id']}").json)


def file_of(caller: Caller, export: Mapping[str, object]) -> tuple[Answer, bytes]:
    with caller.application.test_client().get(
        f"{EXPORTS}/{export['id']}/file", headers={"Authorization": f"Bearer {caller.key}"}
    ) as answer:
        return Answer(answer.status_code, answer.get_json(silent=True), "", answer.headers), answer.data


@pytest.fixture
def sold(merchant: Merchant) -> None:
    with db.transaction() as session:
        sell(session, merchant, "ada", 1)
        sell(session, merchant, "ada", 2, livemode=True)


@pytest.mark.usefixtures("sold")
def test_export_is_made_in_sealed_parts_downloaded_and_restored(
    owner: Caller, lose_everything: Lose, restored: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "PART_BYTES", 4096)
    export = made(owner)
    assert (export["status"], export["progress_pct"], export["livemode"]) == ("ready", 100, False)
    assert export["has_destinations"] is False
    answer, archive = file_of(owner, export)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{export["id"]}.zip"'
    assert (len(archive), sha256(archive).hexdigest()) == (export["bytes"], export["sha256"])
    assert b64decode(answer.headers["Repr-Digest"][9:-1]).hex() == export["sha256"]
    with db.transaction() as session:
        parts = session.scalars(text("SELECT content_encrypted FROM export_parts ORDER BY number")).all()
        audited = session.scalars(
            text("SELECT action FROM audit_entries WHERE action LIKE 'export.%' ORDER BY id")
        ).all()
    assert (len(parts), audited) == (len(archive) // 4096 + 1, ["export.requested", "export.downloaded"])
    assert all(bytes(part).startswith(b"gAAAA") for part in parts)
    assert {row["livemode"] for row in archives.rows_of(archive, "payments")} == {False}
    lose_everything()
    restored(archive)


def test_export_of_a_key_with_a_passphrase_has_destinations(till: Till, caller_of: MakeCaller) -> None:
    till.pays_to("ada", "ada@wallet.example")
    export = made(till.caller, passphrase=PASSPHRASE)
    archive = file_of(till.caller, export)[1]
    [method] = archives.rows_of(archive, "payout_methods")
    assert method["destination_encrypted"].startswith("gAAAA")
    assert b"ada@wallet.example" not in b"".join(archives.files_of(archive).values())
    with db.transaction() as session:
        assert session.scalars(text("SELECT passphrase_encrypted FROM exports")).all() == [None]
    only = caller_of(till.merchant, "manage", "exports:write")
    assert only.post(EXPORTS, {"passphrase": PASSPHRASE}).status_code == 403
    assert only.post(EXPORTS, {"passphrase": "short"}).status_code in {400, 403}
    reader = caller_of(till.merchant, "read", "exports:read")
    assert reader.get(f"{EXPORTS}/{export['id']}").status_code == 200
    assert file_of(reader, export)[0].status_code == 403


def test_one_export_is_made_at_a_time_and_only_its_owner_sees_it(
    owner: Caller, merchant: Merchant, caller_of: MakeCaller
) -> None:
    first = owner.post(EXPORTS, {}).json["id"]
    again = owner.post(EXPORTS, {})
    assert (again.status_code, again.json["error"]["code"]) == (409, "export_in_progress")
    assert file_of(owner, {"id": first})[0].json["error"]["code"] == "export_not_ready"
    with db.transaction() as session:
        elsewhere = open_merchant(session, "Elsewhere")
    for other in (caller_of(elsewhere), caller_of(merchant, livemode=True)):
        assert other.get(f"{EXPORTS}/{first}").status_code == 404
        assert file_of(other, {"id": first})[0].status_code == 404
        assert other.get(EXPORTS).json == {"data": [], "has_more": False}
    exports.work_slice(60)
    assert owner.post(EXPORTS, {}).status_code == 202
    assert [row["status"] for row in owner.get(EXPORTS).json["data"]] == ["queued", "ready"]


def test_an_archive_is_deleted_after_its_time(owner: Caller) -> None:
    export = made(owner)
    until = datetime.fromisoformat(str(export["expires_at"])) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < until <= timedelta(days=7)
    exports.delete_expired()
    assert file_of(owner, export)[0].status_code == 200
    with db.transaction() as session:
        session.execute(text("UPDATE exports SET expires_at = now() - interval '1 second'"))
    exports.delete_expired()
    answer, _ = file_of(owner, export)
    assert (answer.status_code, answer.json["error"]["code"]) == (410, "export_expired")
    assert owner.get(f"{EXPORTS}/{export['id']}").json["status"] == "expired"
    with db.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM export_parts")) == 0


def test_an_export_that_fails_is_tried_again_and_then_has_failed(till: Till) -> None:
    till.pays_to("ada")
    with db.transaction() as session:
        session.execute(text("UPDATE payout_methods SET destination_encrypted = 'of another key'"))
    export = made(till.caller, passphrase=PASSPHRASE)
    assert (export["status"], export["finished_at"]) == ("queued", None)
    assert str(export["problem"]).startswith("A stored secret cannot be decrypted")
    for _ in range(2):
        with db.transaction() as session:
            session.execute(text("UPDATE exports SET due_at = now()"))
        exports.work_slice(60)
    assert till.caller.get(f"{EXPORTS}/{export['id']}").json["status"] == "failed"
    with db.transaction() as session:
        assert session.execute(text("SELECT passphrase_encrypted, attempts FROM exports")).all() == [(None, 3)]
        assert session.scalar(text("SELECT count(*) FROM export_parts")) == 0
    with db.transaction() as session:
        session.execute(text("DELETE FROM payout_methods"))
    assert made(till.caller, passphrase=PASSPHRASE)["status"] == "ready"


def test_a_process_that_lost_its_export_writes_nothing_more(owner: Caller) -> None:
    assert owner.post(EXPORTS, {}).status_code == 202
    with db.transaction() as session:
        slow = job.claim(session)
    assert slow is not None
    writer = PartWriter(db.transaction, slow)
    writer.write(b"x" * job.PART_BYTES)
    with db.transaction() as session:
        assert job.claim(session) is None
        session.execute(text("UPDATE exports SET due_at = now()"))
    exports.work_slice(60)
    with pytest.raises(LeaseLost):
        writer.write(b"x" * job.PART_BYTES)
    export = owner.get(EXPORTS).json["data"][0]
    assert sha256(file_of(owner, export)[1]).hexdigest() == export["sha256"]
    assert ids.decode(export["id"], ids.EXPORT) == slow.id


def test_an_export_whose_worker_is_stopped_or_killed_is_made_by_another(owner: Caller) -> None:
    assert owner.post(EXPORTS, {}).status_code == 202
    with db.transaction() as session:
        stopped = job.claim(session)
        assert stopped is not None
        job.release(session, stopped)
        for attempt in (1, 2, 3):
            session.execute(text("UPDATE exports SET due_at = now()"))
            assert [one.attempts for one in (job.claim(session),) if one] == [attempt]
        session.execute(text("UPDATE exports SET due_at = now()"))
        assert job.claim(session) is None
    [export] = owner.get(EXPORTS).json["data"]
    assert (export["status"], export["finished_at"] is None) == ("failed", False)
    assert "worker process ended" in export["problem"]


def test_export_without_a_passphrase_is_refused_while_an_address_is_to_be_looked_up(
    owner: Caller, merchant: Merchant, lose_everything: Lose, restored: Restore
) -> None:
    early = owner.post(EXPORTS, {})
    _record_address(merchant, "lena@customers.example")
    exports.work_slice(60)
    failed = owner.get(f"{EXPORTS}/{early.json['id']}").json
    assert failed["status"] == "queued"
    assert "ask for an export with a passphrase" in failed["problem"]
    refused = owner.post(EXPORTS, {})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "passphrase_required")
    for organization_id in (None, merchant.organization_id):
        with pytest.raises(Conflict, match="give a passphrase, or wait until the look-ups"):
            archives.exported(organization_id)
    archives.exported(livemode=True)
    archive = archives.exported(passphrase=PASSPHRASE)
    assert b"lena@" not in b"".join(archives.files_of(archive).values())
    lose_everything()
    restored(archive, PASSPHRASE)
    with db.transaction() as session:
        history_id, sealed = session.execute(text("SELECT id, email_encrypted FROM customer_histories")).one()
        request = session.execute(text("SELECT kind, object_id, done_at FROM lookups")).one()
    assert sealing.unseal(sealed, sealing.of_process()) == "lena@customers.example"
    assert request == ("address_history", ids.encode(ids.CUSTOMER_HISTORY, history_id), None)


def _record_address(merchant: Merchant, address: str) -> None:
    """Record a customer that is known by its address only, where a Stripe API key can look it up."""
    set_api_key(merchant.organization_id, "sk_test_0123456789", sealing.of_process())
    with db.transaction() as session:
        customers.record(
            session,
            CLI,
            session.get_one(Program, merchant.program_id),
            livemode=False,
            stripe_customer_id=None,
            email=address,
            first_paid_at=None,
            cause=Cause("cli", archives.NOW),
        )
