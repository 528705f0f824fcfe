"""Whose key is used, and that it stays secret."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import text

from app import config, db, ids
from app.config import Settings
from app.errors import ConfigurationError, InvalidRequest
from app.organizations.models import Organization
from app.stripe_events.endpoints import rows
from app.stripe_events.models import StripeEndpoint
from app.stripe_sync import api_keys
from tests.cast import Merchant
from tests.conftest import SECRET_KEY

DEFAULT, OWN, NEWER = (f"rk_test_{word}_0123456789" for word in ("default", "own", "newer"))
LIVE = "sk_live_0123456789abcdef"


@pytest.fixture
def with_default(settings: Settings, merchant: Merchant) -> Iterator[Settings]:
    made = Settings(
        DATABASE_URL=settings.database_url,
        REDIS_URL=settings.redis_url,
        data_dir=settings.data_dir,
        secret_key=SECRET_KEY,
        stripe_livemode=False,
        stripe_api_key=DEFAULT,
    )
    api_keys.connect(made)
    yield made
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


def test_the_default_key_is_the_first_organizations_in_its_mode(with_default: Settings, merchant: Merchant) -> None:
    with db.transaction() as session:
        other = Organization(id=ids.new(), kind="merchant", name="Other", email="other@example.com")
        session.add(other)
    assert found(merchant.organization_id) == DEFAULT
    assert found(merchant.organization_id, livemode=True) is None
    assert found(other.id) is None


def test_an_endpoints_own_key_goes_before_the_default_and_the_newest_first(
    with_default: Settings, merchant: Merchant
) -> None:
    endpoint(merchant.organization_id, OWN, with_default)
    assert found(merchant.organization_id) == OWN
    newest = endpoint(merchant.organization_id, NEWER, with_default)
    endpoint(merchant.organization_id, None, with_default)
    assert found(merchant.organization_id) == NEWER
    with db.transaction() as session:
        rows.delete(session.get_one(StripeEndpoint, newest), with_default)
    assert found(merchant.organization_id) == OWN


def test_a_stored_key_is_sealed_and_survives_a_new_secret_key(with_default: Settings, merchant: Merchant) -> None:
    endpoint(merchant.organization_id, OWN, with_default)
    with db.transaction() as session:
        before = session.scalars(text("SELECT api_key_encrypted FROM stripe_endpoints")).one()
        rows.reseal_all(session, with_default)
    with db.transaction() as session:
        after = session.scalars(text("SELECT api_key_encrypted FROM stripe_endpoints")).one()
    assert OWN not in before
    assert before != after
    assert found(merchant.organization_id) == OWN


@pytest.mark.parametrize("wrong", [LIVE, "pk_test_0123456789", "whsec_0123456789", "sk_test_", ""])
def test_a_key_of_the_other_mode_or_none_at_all_is_refused(
    with_default: Settings, merchant: Merchant, wrong: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        endpoint(merchant.organization_id, wrong, with_default)
    assert not wrong or wrong not in str(refused.value)


def test_a_process_without_settings_asks_nothing(database: object, merchant: Merchant) -> None:
    with db.transaction() as session:
        assert not api_keys.is_configured(session, merchant.organization_id, livemode=False)
        assert api_keys.find(session, merchant.organization_id, livemode=False) is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"ACCRUAL_STRIPE_API_KEY": LIVE, "ACCRUAL_STRIPE_LIVEMODE": "false"}, "is a live key"),
        ({"ACCRUAL_STRIPE_API_KEY": DEFAULT}, "is a test key"),
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
    assert not any(value in str(refused.value) for value in (LIVE, DEFAULT))
