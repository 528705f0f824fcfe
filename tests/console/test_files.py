"""The files that pages offer to save: what REST answers, by a session, for those who may read it."""

import csv
import io

from app import db
from tests.api.isolation.world import World
from tests.api.sales import sell

from .conftest import ReaderOf


def test_payouts_and_statements_are_saved_as_rest_answers_them(world: World, reader_of: ReaderOf) -> None:
    owner, rest, shop = reader_of("owner"), world.callers["owner"], world.ids
    payouts = owner.get("/console/payouts")
    assert "/console/payouts/file?" in payouts.text
    listed = f"/v1/admin/affiliate/programs/{shop['program_id']}/payouts"
    file = owner.get("/console/payouts/file", program=shop["program_id"])
    assert file.text == rest.call("GET", listed, {"Accept": "text/csv"}).text
    assert file.headers["Content-Disposition"] == 'attachment; filename="payouts.csv"'
    none = owner.get("/console/payouts/file", status="returned", run=shop["payout_run_id"]).text
    assert list(csv.reader(io.StringIO(none)))[1:] == []

    statement = f"/api/v1/statements/{shop['statement_id']}"
    page = f"/console/statements/{shop['statement_id']}"
    for form, accept in (("csv", "text/csv"), ("json", "application/json"), ("html", "text/html")):
        assert f'href="{page}/file?form={form}"' in owner.get(page).text
        saved = owner.get(f"{page}/file", form=form)
        assert saved.text == rest.call("GET", statement, {"Accept": accept}).text
        assert f'.{form}"' in saved.headers["Content-Disposition"]
    with db.transaction() as session:
        sell(session, world.shop, "ada", 7009, customer="cus_ada", livemode=False)
    running = f"/console/partners/{shop['partner_id']}/running/usd/file"
    assert f'href="{running}"' in owner.get(f"/console/partners/{shop['partner_id']}").text
    preview = f"/api/v1/partners/{shop['partner_id']}/statements/preview?currency=usd"
    assert owner.get(running).text == rest.call("GET", preview, {"Accept": "text/csv"}).text


def test_files_are_found_only_by_their_organization_and_mode(world: World, reader_of: ReaderOf) -> None:
    shop = world.ids
    named = (
        f"/console/payouts/file?program={shop['program_id']}",
        f"/console/statements/{shop['statement_id']}/file",
        f"/console/partners/{shop['partner_id']}/running/usd/file",
    )
    stranger, live = reader_of("stranger"), reader_of("owner", livemode=True)
    assert [stranger.browser.get(path).status_code for path in named] == [404, 404, 404]
    assert live.browser.get(named[1]).status_code == 404
    for path in ("/console/payouts/file", named[0], named[2]):
        text = live.browser.get(path).text
        assert not [hidden for hidden in world.money if hidden in text], path
    assert shop["payout_id"] not in stranger.browser.get("/console/payouts/file").text
