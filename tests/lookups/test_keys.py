"""Whose key is used, and that it stays secret."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from app import config, db, ids
from app.cli.server import bootstrap
from app.config import Settings
from app.errors import ConfigurationError, InvalidRequest
from app.organizations.models import Organization
from app.stripe_events.endpoints import rows
from app.stripe_events.models import StripeEndpoint
from app.stripe_sync import api_keys
from tests.cast import Merchant
from tests.conftest import SECRET_KEY

OWN, NEWER = (f"rk_test_{word}_0123456789" for word in ("own", "newer"))
LIVE = "sk_live_0123456789abcdef"


@pytest.fixture
def connected(settings: Settings, merchant: Merchant) -> Iterator[Settings]:
    api_keys.connect(settings)
    yield settings
    api_keys.disconnect()


def endpoint(organization_id: UUID, key: str | None, settings: Settings) -> UUID:
    with db.transaction() as session:
        made = rows.insert_endpoint(session, organization_id, livemode=False, secrets=["whsec_1"], settings=settings)
        rows.set_api_key(made, key, settings)
        return made.id


def found(organization_id: UUID, *, livemode: bool = False) -> str | None:
    with db.transaction() as session:
        key = api_keys.find(session, organization_id, livemode=livemode)
    return key.get_secret_value() if key else None


def test_the_settings_key_is_stored_by_bootstrap_for_the_default_endpoint(
    connected: Settings, merchant: Merchant
) -> None:
    configured = connected.model_copy(update={"stripe_livemode": False, "stripe_api_key": SecretStr(OWN)})
    with db.transaction() as session:
        shop = ids.encode(ids.ORGANIZATION, merchant.organization_id)
        bootstrap.make(session, configured, shop, "shop@example.com", livemode=True)
        bootstrap.make(session, configured, shop, "shop@example.com")
        bootstrap.make(session, configured, "Second", "second@example.com")
        second = session.scalars(select(Organization.id).where(Organization.name == "Second")).one()
    assert found(merchant.organization_id) == OWN
    assert found(merchant.organization_id, livemode=True) is None
    assert found(second) is None


def test_bootstrap_again_keeps_the_key_that_the_endpoint_has(connected: Settings, merchant: Merchant) -> None:
    shop = ids.encode(ids.ORGANIZATION, merchant.organization_id)
    for key in (OWN, NEWER):
        configured = connected.model_copy(update={"stripe_livemode": False, "stripe_api_key": SecretStr(key)})
        with db.transaction() as session:
            bootstrap.make(session, configured, shop, "shop@example.com")
        assert found(merchant.organization_id) == OWN


def test_a_key_is_of_one_organization_and_mode(connected: Settings, merchant: Merchant) -> None:
    endpoint(merchant.organization_id, OWN, connected)
    with db.transaction() as session:
        other = Organization(id=ids.new(), kind="merchant", name="Other", email="other@example.com")
        session.add(other)
    assert found(merchant.organization_id) == OWN
    assert found(merchant.organization_id, livemode=True) is None
    assert found(other.id) is None


def test_the_newest_endpoint_with_a_key_gives_the_key(connected: Settings, merchant: Merchant) -> None:
    endpoint(merchant.organization_id, OWN, connected)
    assert found(merchant.organization_id) == OWN
    newest = endpoint(merchant.organization_id, NEWER, connected)
    endpoint(merchant.organization_id, None, connected)
    assert found(merchant.organization_id) == NEWER
    with db.transaction() as session:
        rows.delete(session.get_one(StripeEndpoint, newest), connected)
    assert found(merchant.organization_id) == OWN


def test_a_stored_key_is_sealed_and_survives_a_new_secret_key(connected: Settings, merchant: Merchant) -> None:
    endpoint(merchant.organization_id, OWN, connected)
    with db.transaction() as session:
        before = session.scalars(text("SELECT api_key_encrypted FROM stripe_endpoints")).one()
        rows.reseal_all(session, connected)
    with db.transaction() as session:
        after = session.scalars(text("SELECT api_key_encrypted FROM stripe_endpoints")).one()
    assert OWN not in before
    assert before != after
    assert found(merchant.organization_id) == OWN


@pytest.mark.parametrize("wrong", [LIVE, "pk_test_0123456789", "whsec_0123456789", "sk_test_", ""])
def test_a_key_of_the_other_mode_or_none_at_all_is_refused(connected: Settings, merchant: Merchant, wrong: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        endpoint(merchant.organization_id, wrong, connected)
    assert not wrong or wrong not in str(refused.value)


def test_process_without_settings_sends_no_request(database: object, merchant: Merchant) -> None:
    with db.transaction() as session:
        assert not api_keys.is_configured(session, merchant.organization_id, livemode=False)
        assert api_keys.find(session, merchant.organization_id, livemode=False) is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"ACCRUAL_STRIPE_API_KEY": LIVE, "ACCRUAL_STRIPE_LIVEMODE": "false"}, "is a live key"),
        ({"ACCRUAL_STRIPE_API_KEY": OWN}, "is a test key"),
        ({"ACCRUAL_STRIPE_API_KEY": "hello"}, "is not a Stripe secret key (sk_…) or restricted key (rk_…)"),
        ({"ACCRUAL_STRIPE_API_BASE": "http://api.example.com"}, "must start with https://"),
        ({"ACCRUAL_STRIPE_API_BASE": "http://localhost.example.com"}, "must start with https://"),
    ],
)
def test_settings_that_would_ask_the_wrong_stripe_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object, given: dict[str, str], says: str
) -> None:
    complete = {"DATABASE_URL": "postgresql:///x", "REDIS_URL": "redis://x", "ACCRUAL_SECRET_KEY": SECRET_KEY}
    for name, value in (complete | given).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as refused:
        config.load(tmp_path)
    assert says in str(refused.value)
    assert not any(value in str(refused.value) for value in (LIVE, OWN))
