"""`accrual client-keys` and `accrual referrals`: keys, currencies, templates, codes and lists on the command line."""

from typing import Any

import pytest

from app import db
from app.errors import InvalidRequest
from app.organizations.actors import AppUser
from app.referrals import claims, client_keys, codes

from .conftest import Accrual


def act_as(app_user: AppUser, code: str | None = None) -> str:
    """Let the app user claim a code, if there is one; gives its own."""
    with db.transaction() as session:
        if code is not None:
            claims.claim(session, app_user, code)
        return codes.load_or_make(session, app_user)[0].code or ""


def app_users(key: dict[str, Any]) -> tuple[AppUser, AppUser]:
    with db.transaction() as session:
        row = session.get_one(client_keys.ClientKey, client_keys.ids.decode(key["id"], "cky"))
        ada, ben = (
            AppUser(row.id, row.organization_id, row.livemode, name, claims_once=False) for name in ("ada", "ben")
        )
    return ada, ben


def test_a_client_key_is_made_changed_listed_and_revoked(accrual: Accrual) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    made = accrual("client-keys", "create", "--name", "iOS", "--live")
    assert (made["livemode"], made["client_key"][:9], len(made["client_secret"])) == (True, "rfk_live_", 64)
    assert accrual("client-keys", "change", made["id"], "--claims", "once")["claims"] == "once"
    [listed] = accrual("client-keys", "list")
    assert (listed["id"], listed["name"], "client_secret" in listed) == (made["id"], "iOS", False)
    assert accrual("endpoints", "reseal")["client_keys"] == 1
    assert accrual("client-keys", "revoke", made["id"])["revoked_at"] is not None


def test_currencies_and_templates_are_made_and_referrals_are_listed(accrual: Accrual) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    currency = accrual("referrals", "currency", "credits", "--max-balance", "70")
    template = accrual("referrals", "template", "--referrer", "credits=50", "--max-uses", "9")
    assert (template["reward_referrer"], template["max_uses"]) == ({"credits": 50}, 9)
    changed = accrual("referrals", "change", template["id"], "--referee", "credits=5", "--max-uses", "none")
    assert (changed["reward_referee"], changed["max_uses"]) == ({"credits": 5}, None)
    limited = accrual("referrals", "change-currency", currency["id"], "--max-balance", "40")
    ada, ben = app_users(accrual("client-keys", "create"))
    act_as(ben, act_as(ada))
    assert [row["app_user_id"] for row in accrual("referrals", "codes")] == ["ben", "ada", None]
    assert accrual("referrals", "codes", "--templates") == [changed]
    assert [row["referee_id"] for row in accrual("referrals", "claims", "--referrer", "ada")] == ["ben"]
    balances = accrual("referrals", "balances")
    assert {(row["app_user_id"], row["balance"]) for row in balances} == {("ada", 40), ("ben", 5)}
    [granted] = accrual("referrals", "transactions", "--app-user", "ada")
    assert (granted["amount"], granted["reward"]) == (40, 50)
    assert accrual("referrals", "currencies") == [limited]
    accrual("referrals", "change", template["id"], "--inactive")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["currency", "a b"], "code must have"),
        (["template", "--referrer", "credits"], "--referrer 'credits'"),
        (["template", "--referrer", "gold=1"], "'gold', which does not exist"),
        (["template", "--referrer", f"credits={10**12 + 1}"], "grant 1 to"),
        (["template", "--max-uses", "0"], "at least 1"),
        (["template", "--max-uses", "some"], "neither a whole number"),
    ],
)
def test_wrong_words_are_refused(accrual: Accrual, words: list[str], message: str) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    accrual("referrals", "currency", "credits")
    with pytest.raises(InvalidRequest, match=message):
        accrual("referrals", *words)
