"""Sign-in links and the sessions they begin."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from app import db, ids
from app.errors import NotFound
from app.mail_queue.models import Mail
from app.organizations.actors import CLI
from app.people import login_links, memberships, sessions
from app.people.models import LoginLink, PersonSession
from app.people.sessions import SignedIn
from tests.cast import Merchant, open_merchant

from .conftest import OWNER, add_person, new_link, sign_in


def found(token: str) -> SignedIn | None:
    with db.web_transaction() as session:
        return sessions.find(session, token)


def test_link_signs_in_once_among_twenty_that_use_it_at_the_same_time(olga: UUID) -> None:
    link = new_link()

    def use(_: int) -> str | None:
        with db.web_transaction() as session:
            try:
                return login_links.consume(session, link, user_agent="")
            except NotFound:
                return None

    with ThreadPoolExecutor(10) as pool:
        begun = [token for token in pool.map(use, range(20)) if token is not None]
    assert len(begun) == 1
    signed_in = found(begun[0])
    assert signed_in is not None
    assert signed_in.person_id == olga


@pytest.mark.usefixtures("olga")
def test_link_and_session_expire_and_neither_token_is_stored() -> None:
    link, token = new_link(), sign_in()
    with db.transaction() as session:
        stored = session.scalar(
            text("SELECT (SELECT json_agg(l) FROM login_links l)::text || json_agg(s) FROM person_sessions s")
        )
        session.execute(update(LoginLink).values(expires_at=func.now()))
        session.execute(update(PersonSession).values(expires_at=func.now()))
    assert stored is not None
    assert link not in stored
    assert token not in stored
    with db.web_transaction() as session, pytest.raises(NotFound, match="request a new one"):
        login_links.consume(session, link, user_agent="")
    assert found(token) is None


@pytest.mark.usefixtures("olga")
def test_session_slides_with_use_and_ends_thirty_days_after_the_last() -> None:
    token = sign_in()
    with db.transaction() as session:
        past = {"last_seen_at": text("now() - interval '2 days'"), "expires_at": text("now() + interval '28 days'")}
        session.execute(update(PersonSession).values(**past))
    first, second = found(token), found(token)
    assert first is not None
    assert second is not None
    assert (first.cookie_token, second.cookie_token) == (token, None)
    with db.transaction() as session:
        assert session.scalar(select(PersonSession.expires_at > text("now() + interval '29 days'")))


def test_disabled_person_is_signed_out_at_once_and_links_of_before_are_worth_nothing(
    olga: UUID, merchant: Merchant
) -> None:
    add_person(merchant.organization_id, "vera@example.com", "viewer")
    token, link = sign_in("vera@example.com"), new_link("vera@example.com")
    with db.transaction() as session:
        member = memberships.find_by_email(session, merchant.organization_id, "vera@example.com")
        memberships.disable(session, CLI, member)
    assert found(token) is None
    with db.web_transaction() as session, pytest.raises(NotFound):
        login_links.consume(session, link, user_agent="")
    with db.transaction() as session, pytest.raises(NotFound, match="people add"):
        login_links.issue_for(session, CLI, "vera@example.com")
    assert add_person(merchant.organization_id, "vera@example.com", "manager") != olga
    assert found(token) is None
    assert found(sign_in("vera@example.com")) is not None


def test_changed_role_holds_for_the_next_request_which_gets_another_token(olga: UUID, merchant: Merchant) -> None:
    add_person(merchant.organization_id, "mara@example.com", "manager")
    token = sign_in("mara@example.com")
    before = found(token)
    assert before is not None
    assert before.caller.may("payouts:write")
    assert not any(map(before.caller.may, ("people:write", "keys:write", "payout_settings:write", "endpoints:write")))
    with db.transaction() as session:
        member = memberships.find_by_email(session, merchant.organization_id, "mara@example.com")
        memberships.set_role(session, CLI, member, "viewer")
    after = found(token)
    assert after is not None
    assert after.cookie_token not in (None, token)
    assert not after.caller.may("payouts:write")
    assert after.caller.may("payouts:read")
    assert found(token) is None
    assert found(after.cookie_token or "") is not None


@pytest.mark.usefixtures("olga")
def test_session_with_the_new_link_replaces_the_browsers_former_one() -> None:
    former, other, link = sign_in(), sign_in(), new_link()
    with db.web_transaction() as session:
        token = login_links.consume(session, link, user_agent="", former=former)
    assert found(former) is None
    assert found(other) is not None
    assert found(token) is not None


def test_person_switches_between_its_own_organizations_only(olga: UUID, merchant: Merchant) -> None:
    with db.transaction() as session:
        second, foreign = (open_merchant(session, name).organization_id for name in ("Second", "Foreign"))
    add_person(second, OWNER, "viewer")
    token = sign_in()
    signed_in = found(token)
    assert signed_in is not None
    assert [own.name for own in signed_in.organizations] == ["Second", "Shop"]
    assert signed_in.caller.organization_id == merchant.organization_id
    with db.web_transaction() as session:
        db.narrow_to_organizations(session, signed_in.caller.organization_ids, livemode=False)
        sessions.switch_organization(session, signed_in, signed_in.organizations[0].id)
        with pytest.raises(NotFound):
            sessions.switch_organization(session, signed_in, ids.encode(ids.ORGANIZATION, foreign))
    switched = found(token)
    assert switched is not None
    assert (switched.organization.name, switched.role) == ("Second", "viewer")
    assert switched.caller.organization_ids == (second,)


@pytest.mark.usefixtures("olga")
def test_one_mail_a_minute_is_queued_for_a_known_address_and_none_for_another() -> None:
    for address in (OWNER, " OLGA@example.com", "unknown@example.com", "not an address"):
        with db.web_transaction() as session:
            login_links.request_mail(session, address)
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Mail)) == 1
        session.execute(update(Mail).values(created_at=text("now() - interval '2 minutes'")))
    for _ in range(9):
        with db.web_transaction() as session:
            login_links.request_mail(session, OWNER)
        with db.transaction() as session:
            session.execute(update(Mail).values(created_at=text("created_at - interval '2 minutes'")))
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Mail)) == login_links.MAILS_PER_HOUR
