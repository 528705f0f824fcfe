"""`accrual people` and `accrual login-link`."""

import pytest

from app.errors import RequestError

from .conftest import Accrual


def test_people_are_added_changed_and_disabled_and_the_link_is_the_last_line(accrual: Accrual) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "owner@example.com")
    [owner] = accrual("people", "list")
    assert (owner["email"], owner["role"]) == ("owner@example.com", "owner")
    added = accrual("people", "add", "Mara@example.com", "--role", "manager", "--name", "Mara")
    assert added["email"] == "mara@example.com"
    assert accrual("people", "role", added["id"], "viewer")["role"] == "viewer"
    link = accrual("login-link", "mara@example.com", json_expected=False).stdout.splitlines()[-1]
    assert "/login/" in link
    assert accrual("people", "disable", "mara@example.com")["disabled_at"] is not None
    for refused, match in (
        (("people", "disable", "owner@example.com"), "make another person an owner first"),
        (("people", "add", "new@example.com", "--role", "boss"), "use one of owner, manager, viewer"),
    ):
        with pytest.raises(RequestError, match=match):
            accrual(*refused)
