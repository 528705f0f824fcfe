"""The migration that moves what partners had into payout methods, and back."""

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, text

from app import ids, sealing
from app.config import Settings
from app.partners.payout_methods import stored
from app.partners.payout_methods.destinations import kinds
from app.runtime import schema
from tests.servers import Servers

BEFORE = "payout_methods-1"
STORED = {
    "zoe": ("paypal", "zoe@example.com"),
    "yan": ("bank_transfer", "yan@example.com"),
    "xia": (None, "xia@example.com"),
    "wim": ("crypto", None),
    "vic": (None, None),
}


@pytest.fixture
def before(servers: Servers, any_settings: Settings) -> Iterator[str]:
    """The address of a database at the migration before."""
    sealing.connect(any_settings)
    name = "moved_methods"
    servers.administer("CREATE DATABASE {}", name)
    url = servers.database_url(name)
    command.upgrade(schema.alembic_config(url), BEFORE)
    yield url
    servers.administer("DROP DATABASE {} WITH (FORCE)", name)


def fill(engine: Engine) -> None:
    organization, program = ids.new(), ids.new()
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO organizations (id, kind, name) VALUES (:id, 'merchant', 'Shop')"), {"id": organization}
        )
        connection.execute(
            text("INSERT INTO programs (id, organization_id, name, currency) VALUES (:id, :owner, 'Friends', 'usd')"),
            {"id": program, "owner": organization},
        )
        for slug, (method, email) in STORED.items():
            connection.execute(
                text("""
                    INSERT INTO partners (id, organization_id, program_id, email, slug, payout_method, payout_email)
                    VALUES (:id, :owner, :program, :slug || '@example.com', :slug, :method, :email)
                """),
                {"id": ids.new(), "owner": organization, "program": program, "slug": slug, "method": method}
                | {"email": email},
            )


def test_methods_and_addresses_are_moved_sealed_and_can_be_moved_back(before: str, any_settings: Settings) -> None:
    engine = create_engine(before)
    fill(engine)
    command.upgrade(schema.alembic_config(before), "payout_methods")
    with engine.begin() as connection:
        moved = connection.execute(
            text("SELECT slug, m.* FROM payout_methods m JOIN partners ON id = partner_id")
        ).all()
        rows = {row.slug: row for row in moved}
    assert rows.keys() == STORED.keys() - {"vic"}
    assert {slug: row.method for slug, row in rows.items()} == {slug: STORED[slug][0] for slug in rows}
    assert "example" not in f"{rows['zoe'].destination_encrypted} {rows['zoe'].email_encrypted}"
    as_written = stored.sealed(kinds.validate("paypal", {"email": "zoe@example.com"}), any_settings)
    assert rows["zoe"].fingerprint == as_written["fingerprint"]
    assert rows["zoe"].destination_masked == {"email": "z…@example.com"}
    assert stored.unseal(rows["zoe"].destination_encrypted, any_settings) == {"email": "zoe@example.com"}
    assert [slug for slug, row in rows.items() if row.destination_encrypted] == ["zoe"]
    assert {slug for slug, row in rows.items() if row.email_encrypted} == {"zoe", "yan", "xia"}
    command.downgrade(schema.alembic_config(before), BEFORE)
    with engine.begin() as connection:
        back = connection.execute(text("SELECT slug, payout_method, payout_email FROM partners")).all()
    assert {row.slug: (row.payout_method, row.payout_email) for row in back} == STORED
    engine.dispose()
