"""The commands that work on the database, and what they print for programs."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app import config, db, ids, settings_files
from app.errors import Conflict, InvalidRequest, NotFound
from app.organizations import hierarchy
from app.stripe_events import listed
from app.stripe_events.endpoints import signing
from app.stripe_events.models import StripeEndpoint
from app.stripe_events.scope import Scope
from tests import cast
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from worker.stripe_sync import runs

from .conftest import Accrual


def bootstrap(accrual: Accrual, *more: str) -> Any:
    return accrual("bootstrap", "--organization", "Shop", "--email", "Shop@Example.com", *more)


def test_bootstrap_keeps_no_secret_in_the_clear(accrual: Accrual) -> None:
    made = bootstrap(accrual, "--webhook-secret", "whsec_from_stripe")
    assert made["webhook_secret"] == "whsec_from_stripe"
    with db.transaction() as session:
        stored = session.execute(text("SELECT secrets_encrypted FROM stripe_endpoints")).scalar_one()
        hashes = session.execute(text("SELECT key_hash FROM api_keys")).scalars().all()
    assert "whsec_from_stripe" not in stored
    assert made["api_key"] not in hashes


def test_bootstrap_again_makes_only_what_is_missing(accrual: Accrual) -> None:
    first, second = bootstrap(accrual), bootstrap(accrual)
    assert list(first) == ["organization_id", "program_id", "api_key", "webhook_url", "webhook_secret"]
    assert {name for name in first if first[name] != second[name]} == {"api_key", "webhook_secret"}
    assert (second["api_key"], second["webhook_secret"]) == (None, None), "each is shown once"
    [key] = accrual("keys", "list")
    accrual("keys", "revoke", key["id"])
    assert bootstrap(accrual)["api_key"] not in {None, first["api_key"]}


@pytest.mark.parametrize("mistyped", ["org_01h455vb4pex5vsknk084sn02q", "org_01h455vb4pex"])
def test_bootstrap_refuses_an_id_that_no_organization_has(accrual: Accrual, mistyped: str) -> None:
    with pytest.raises(NotFound, match=f"no organization '{mistyped}' was found"):
        accrual("bootstrap", "--organization", mistyped, "--email", "shop@example.com")
    assert accrual("organizations", "list") == []


def test_bootstrap_again_adds_a_key_when_asked(accrual: Accrual) -> None:
    first, second = bootstrap(accrual), bootstrap(accrual, "--new-key")
    assert second["api_key"] not in {None, first["api_key"]}
    assert len(accrual("keys", "list")) == 2


def test_bootstrap_again_with_live_adds_the_live_pair(accrual: Accrual) -> None:
    test, live, again = bootstrap(accrual), bootstrap(accrual, "--live"), bootstrap(accrual, "--live")
    assert test["api_key"].startswith("aff_test_")
    assert live["api_key"].startswith("aff_live_")
    assert (live["organization_id"], live["program_id"]) == (test["organization_id"], test["program_id"])
    assert live["webhook_url"] != test["webhook_url"]
    assert live["webhook_secret"] is not None
    assert (again["api_key"], again["webhook_url"]) == (None, live["webhook_url"])
    assert sorted(key["livemode"] for key in accrual("keys", "list")) == [False, True]
    assert sorted(one["livemode"] for one in accrual("endpoints", "list")) == [False, True]


def test_bootstrap_again_refuses_an_address_that_is_none(accrual: Accrual) -> None:
    bootstrap(accrual)
    with pytest.raises(InvalidRequest, match="e-mail address"):
        accrual("bootstrap", "--organization", "Shop", "--email", "nope")


def test_bootstrap_again_with_a_rate_shows_which_partners_it_concerns(accrual: Accrual) -> None:
    bootstrap(accrual)
    accrual("partners", "add", "--email", "ada@example.com", "--code", "ada", "--active")
    options = ("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    said = " ".join(accrual(*options, "--rate", "35", json_expected=False).stderr.split())
    assert "the program pays 35 %, holdback 30 days to partners activated from now on; " in said
    assert "; partners activated before (1) keep their terms" in said
    again = accrual(*options, "--rate", "35", json_expected=False)
    assert "from now on" not in again.stderr
    assert "whsec_" not in again.stdout + again.stderr


def test_bootstrap_again_adds_the_secret_that_stripe_shows_and_keeps_the_former(
    accrual: Accrual, settings: config.Settings
) -> None:
    made = bootstrap(accrual)
    again = bootstrap(accrual, "--webhook-secret", "whsec_from_stripe")
    assert (again["webhook_url"], again["webhook_secret"]) == (made["webhook_url"], "whsec_from_stripe")
    with db.transaction() as session:
        endpoint = session.scalars(select(StripeEndpoint)).one()
        secrets = [one.secret for one in signing.secrets_of(endpoint, settings)]
    assert secrets == ["whsec_from_stripe", made["webhook_secret"]]


def test_bootstrap_makes_test_mode_where_no_mode_is_set(
    accrual: Accrual, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = settings_files.read(tmp_path)
    del kept["ACCRUAL_STRIPE_LIVEMODE"]
    (tmp_path / settings_files.SETTINGS_FILE).unlink()
    settings_files.store(tmp_path, kept)
    monkeypatch.delenv("ACCRUAL_STRIPE_LIVEMODE", raising=False)
    assert bootstrap(accrual)["api_key"].startswith("aff_test_")
    assert [one["livemode"] for one in accrual("endpoints", "list")] == [False]


def test_a_key_is_made_listed_and_revoked(accrual: Accrual) -> None:
    bootstrap(accrual)
    made = accrual("keys", "create", "--name", "reports", "--level", "read", "--scope", "partners:read")
    assert made["api_key"].startswith("aff_test_")
    assert accrual("keys", "create", "--live", "--level", "read")["api_key"].startswith("aff_live_")
    newest = accrual("keys", "list")[1]
    assert (newest["id"], newest["name"], newest["scopes"]) == (made["id"], "reports", ["partners:read"])
    assert made["api_key"].endswith(newest["ends_with"])
    assert accrual("keys", "revoke", made["id"])["revoked_at"] is not None
    with pytest.raises(InvalidRequest):
        accrual("keys", "create", "--level", "boss")
    with pytest.raises(NotFound):
        accrual("keys", "revoke", "key_of_nobody")


def test_commands_before_bootstrap_say_what_to_do(accrual: Accrual) -> None:
    with pytest.raises(NotFound, match="accrual bootstrap"):
        accrual("keys", "list")


def test_with_several_organizations_one_must_be_named(accrual: Accrual) -> None:
    bootstrap(accrual)
    accrual("bootstrap", "--organization", "Other shop", "--email", "other@example.com")
    with pytest.raises(InvalidRequest, match="Shop, Other shop"):
        accrual("keys", "list")
    assert len(accrual("keys", "list", "--organization", "Other shop")) == 1


@pytest.fixture
def renewal(client: FlaskClient, merchant: cast.Merchant, deliver: Deliver, drain: Drain) -> dict[str, Any]:
    """The `invoice.paid` of Cleo, who came through Ada, delivered with all else and settled."""
    del client, merchant
    sale = Customer(CLOVER, Marks(subscription="ada")).subscribes()
    deliver(sale.events)
    drain()
    return next(event for event in sale.events if event["type"] == "invoice.paid")


def test_events_are_listed_by_outcome_shown_and_worked_again(
    accrual: Accrual, renewal: dict[str, Any], drain: Drain
) -> None:
    listed = accrual("events", "list", "--type", "invoice.paid")
    assert [event["id"] for event in listed] == [renewal["id"]]
    shown = accrual("events", "show", renewal["id"], "--payload")
    assert shown["payload"] == renewal
    assert shown["outcome"] == "accrued"
    accrual("events", "replay", "--outcome", "accrued", "--detach")
    assert runs.work_slice(1)
    assert accrual("events", "list", "--outcome", "unprocessed")
    drain()
    assert accrual("events", "list", "--outcome", "unprocessed") == []
    assert accrual("verify") == []


def test_an_event_of_the_other_mode_is_not_replayed(accrual: Accrual, renewal: dict[str, Any], drain: Drain) -> None:
    with pytest.raises(InvalidRequest, match=f"{renewal['id']} is in test mode; leave out --live"):
        accrual("events", "replay", renewal["id"], "--live")
    assert accrual("events", "list", "--outcome", "unprocessed") == []
    [replayed] = accrual("events", "replay", renewal["id"], "--test")
    assert replayed["id"] == renewal["id"]
    drain()


def test_with_one_id_in_both_modes_the_named_mode_is_replayed_and_else_the_live_event(
    accrual: Accrual, renewal: dict[str, Any], merchant: cast.Merchant
) -> None:
    """Who knows a test endpoint's secret can send a test event under the id of a live one, and send it last."""
    with db.transaction() as session:
        scope = Scope(merchant.organization_id, "", livemode=True)
        live = listed.insert_listed(session, scope, [renewal | {"livemode": True}])
    for options, expected in ((("--test",), False), (("--live",), True), ((), True)):
        [replayed] = accrual("events", "replay", renewal["id"], *options)
        assert ([replayed["inbox_id"]] == live) is expected


@pytest.mark.parametrize(
    "command",
    [
        ("events", "replay", "evt_1"),
        ("events", "replay", "--outcome", "parked"),
        ("events", "replay", "--live"),
        ("events", "replay", "--stop", "run_1"),
        ("backfill", "--since", "1d"),
        ("backfill", "--test"),
        ("reconcile", "--heal"),
    ],
    ids=" ".join,
)
def test_a_run_is_followed_without_other_options(accrual: Accrual, command: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRequest, match="give nothing else beside them"):
        accrual(*command, "--follow", "run_1")


def test_people_read_what_a_run_was_asked_for_as_yes_or_no(accrual: Accrual, renewal: dict[str, Any]) -> None:
    del renewal
    shown = accrual("events", "replay", "--outcome", "parked", "--detach", json_expected=False).stdout
    assert re.search(r"^parameters +outcome parked, livemode no$", shown, re.MULTILINE), shown


def test_an_unknown_outcome_or_event_is_refused(accrual: Accrual, renewal: dict[str, Any]) -> None:
    del renewal
    with pytest.raises(InvalidRequest, match=r"outcome .* is unknown; use one of accrued, .*, unprocessed$"):
        accrual("events", "list", "--outcome", "nonsense")
    with pytest.raises(NotFound):
        accrual("events", "show", "evt_of_nobody")
    with pytest.raises(InvalidRequest):
        accrual("events", "replay")


def test_every_id_of_a_sale_is_explained(accrual: Accrual, renewal: dict[str, Any]) -> None:
    invoice = renewal["data"]["object"]["id"]
    for any_id in (invoice, renewal["id"]):
        assert any("ada" in sentence for sentence in accrual("explain", any_id)["sentences"])
    explanation = accrual("explain", invoice, json_expected=False)
    assert "20 %" in explanation.stdout
    with pytest.raises(NotFound):
        accrual("explain", "in_of_nobody")


def test_a_broken_rule_is_printed_with_exit_code_1(
    accrual: Accrual, renewal: dict[str, Any], database_url: str
) -> None:
    del renewal
    owner = db.create(database_url, role=None)
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE commissions DISABLE TRIGGER ALL"))
        connection.execute(text("UPDATE commissions SET accrued_minor = accrued_minor + 1"))
    owner.dispose()
    broken = accrual("verify", json_expected=False)
    assert broken.exit_code == 1
    assert "A commission's sums are those of its postings." in broken.stdout
    assert accrual("verify")


@pytest.mark.usefixtures("database")
def test_bootstrap_never_adopts_an_affiliate_that_signed_up_under_the_name(accrual: Accrual) -> None:
    with db.transaction() as session:
        signed_up = hierarchy.create_organization(session, kind="affiliate", name="Shop")
        affiliate_id = ids.encode(ids.ORGANIZATION, signed_up.id)
    assert bootstrap(accrual)["organization_id"] != affiliate_id
    with pytest.raises(Conflict, match=f"accrual organizations promote {affiliate_id}"):
        accrual("bootstrap", "--organization", affiliate_id, "--email", "shop@example.com")
    kinds = {one["id"]: one["kind"] for one in accrual("organizations", "list")}
    assert kinds.pop(affiliate_id) == "affiliate"
    assert list(kinds.values()) == ["merchant"]


@pytest.mark.usefixtures("database")
def test_bootstrap_asks_which_where_a_merchant_of_that_name_was_made_in_another_way(accrual: Accrual) -> None:
    with db.transaction() as session:
        other_id = ids.encode(ids.ORGANIZATION, cast.open_merchant(session, "Shop").organization_id)
    with pytest.raises(Conflict, match=f"{other_id} is called Shop too"):
        bootstrap(accrual)
    assert accrual("bootstrap", "--organization", other_id, "--email", "a@example.com")["organization_id"] == other_id


def test_bootstrap_finds_its_organization_beside_another_of_the_same_name(accrual: Accrual) -> None:
    made = bootstrap(accrual)["organization_id"]
    with db.transaction() as session:
        cast.open_merchant(session, "Shop")
    assert bootstrap(accrual)["organization_id"] == made
    unknown = ids.encode(ids.ORGANIZATION, ids.new())
    with pytest.raises(NotFound, match=r"no organization .* was found"):
        accrual("bootstrap", "--organization", unknown, "--email", "shop@example.com")


def test_an_affiliate_is_found_by_its_id_only_and_promoted_by_the_operator(accrual: Accrual) -> None:
    bootstrap(accrual)
    with db.transaction() as session:
        zoe = ids.encode(
            ids.ORGANIZATION, hierarchy.create_organization(session, kind="affiliate", name="Zoe's blog").id
        )
    with pytest.raises(NotFound, match='no merchant is called "Zoe\'s blog"'):
        accrual("organizations", "promote", "Zoe's blog")
    assert accrual("organizations", "promote", zoe)["kind"] == "merchant"
    with pytest.raises(Conflict, match="is a merchant already"):
        accrual("organizations", "promote", zoe)
