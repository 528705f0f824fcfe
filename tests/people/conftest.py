"""People of the shop, and browsers in which they sign in."""

from collections.abc import Callable
from uuid import UUID

import pytest

from app import db
from app.organizations.actors import CLI
from app.people import login_links, memberships
from tests.cast import Merchant

OWNER = "olga@example.com"
Add = Callable[..., UUID]


def add_person(organization_id: UUID, email: str, role: str = "owner") -> UUID:
    with db.transaction() as session:
        _, person = memberships.add(session, CLI, organization_id, email=email, role=role)
        return person.id


def new_link(email: str = OWNER) -> str:
    """The token of a new sign-in link."""
    with db.transaction() as session:
        return login_links.issue_for(session, CLI, email)


def sign_in(email: str = OWNER) -> str:
    """The token of a new session."""
    token = new_link(email)
    with db.web_transaction() as session:
        return login_links.consume(session, token, user_agent="Tests")


@pytest.fixture
def olga(merchant: Merchant) -> UUID:
    """The shop's only owner."""
    return add_person(merchant.organization_id, OWNER)
