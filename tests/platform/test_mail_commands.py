"""`accrual mails`: the log of mails, their words, and sending one again."""

import pytest

from app import db
from app.errors import InvalidRequest, NotFound
from app.partners.managing import mails
from app.partners.models import Partner
from tests.cast import Merchant

from .conftest import Accrual
from .test_audited_commands import trail


@pytest.fixture
def mail_id(merchant: Merchant, accrual: Accrual) -> str:
    """The mail that Ada was approved."""
    with db.transaction() as session:
        mails.write(session, session.get_one(Partner, merchant.partners["ada"]), "approved")
    [listed] = accrual("mails", "list")
    return str(listed["id"])


def test_mails_are_listed_by_state_and_kind_and_unknown_ones_are_refused(accrual: Accrual, mail_id: str) -> None:
    [listed] = accrual("mails", "list", "--state", "queued", "--kind", "approved")
    assert (listed["id"], listed["recipient"]) == (mail_id, "ada@partners.example")
    assert accrual("mails", "list", "--state", "sent") == []
    assert accrual("mails", "list", "--kind", "payout_sent") == []
    with pytest.raises(InvalidRequest, match="state 'gone' is unknown; use one of queued, sending, failed"):
        accrual("mails", "list", "--state", "gone")
    with pytest.raises(InvalidRequest, match=r"kind 'news' is unknown; use one of .*payout_sent"):
        accrual("mails", "list", "--kind", "news")


def test_a_mail_is_shown_with_its_words(accrual: Accrual, mail_id: str) -> None:
    shown = accrual("mails", "show", mail_id)
    assert (shown["id"], shown["state"]) == (mail_id, "queued")
    printed = accrual("mails", "show", mail_id, json_expected=False).stdout
    assert f"Subject: {shown['words']['subject']}" in printed
    assert "ada@partners.example" in printed
    with pytest.raises(NotFound):
        accrual("mails", "show", "mail_x")


def test_a_resent_mail_is_printed_alone_and_audited(accrual: Accrual, mail_id: str) -> None:
    resent = accrual("mails", "resend", mail_id)
    assert (resent["id"], resent["resend_count"]) == (mail_id, 1)
    assert "mail.resent" in [action for _, action, _ in trail()]
