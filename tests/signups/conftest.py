"""What tests of customer sign-ups begin with."""

from collections.abc import Callable
from typing import Any

import pytest

from app import db
from app.explanations import explain
from tests.cast import Merchant

from .saying import Registry

Explained = Callable[[object], dict[str, Any]]


@pytest.fixture
def registry(merchant: Merchant) -> Registry:
    return Registry(merchant)


@pytest.fixture
def explained(database: object) -> Explained:
    """The explanation of an id."""

    def explained(any_id: object) -> dict[str, Any]:
        with db.transaction() as session:
            return explain.explain(session, str(any_id))

    return explained
