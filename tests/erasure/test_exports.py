"""Erased people and exports: archives that hold them are deleted, later ones do not, and tombstones are in them."""

from sqlalchemy import text

from app import db
from tests.api.conftest import Caller, MakeCaller, caller_of
from tests.cast import Merchant
from tests.transfer import archives
from worker.transfer import exports

from .conftest import Erase, Story
from .person import ADDRESS, traces

__all__ = ["caller_of"]
EXPORTS = "/api/v1/exports"


def test_exports_made_before_are_deleted_and_listed_and_later_ones_have_no_trace(
    erase: Erase, story: Story, merchant: Merchant, caller_of: MakeCaller
) -> None:
    owner: Caller = caller_of(merchant)
    before = "\n".join(content.decode() for content in archives.files_of(archives.exported()).values())
    assert set(traces(before)) >= {ADDRESS}
    made = owner.post(EXPORTS, {}).json["id"]
    exports.work_slice(60)
    waiting = owner.post(EXPORTS, {}).json["id"]
    with db.transaction() as session:
        session.execute(text("UPDATE exports SET status = 'running', lease = 7 WHERE status = 'queued'"))
    body = erase(story.customer.id)
    assert body.exports == [made]
    assert body.counts["export_parts"] > 0
    shown = {export["id"]: export["status"] for export in owner.get(EXPORTS).json["data"]}
    assert shown == {made: "expired", waiting: "queued"}
    assert owner.get(f"{EXPORTS}/{made}/file").status_code == 410
    archive = archives.exported()
    after = "\n".join(content.decode() for content in archives.files_of(archive).values())
    assert traces(after) == []
    assert story.customer.id in {row["name"] for row in archives.rows_of(archive, "tombstones")}
