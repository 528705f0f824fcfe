"""Every cell of the status table: allowed, or refused with its code."""

import pytest

from app.errors import Conflict, InvalidRequest
from app.payouts import transitions
from app.payouts.transitions import STATUSES, PayoutStatus

ALLOWED = {
    ("pending", "processing"),
    ("pending", "sent"),
    ("pending", "paid"),
    ("pending", "failed"),
    ("pending", "canceled"),
    ("processing", "paid"),
    ("processing", "failed"),
    ("processing", "returned"),
    ("sent", "paid"),
    ("sent", "failed"),
    ("sent", "returned"),
    ("paid", "returned"),
    ("returned", "returned"),
}


@pytest.mark.parametrize("current", STATUSES)
@pytest.mark.parametrize("becoming", STATUSES)
def test_status_changes_as_the_table_says(current: PayoutStatus, becoming: PayoutStatus) -> None:
    if (current, becoming) in ALLOWED:
        transitions.require(current, becoming)
    else:
        with pytest.raises(Conflict) as refused:
            transitions.require(current, becoming)
        is_called = (current, becoming) == ("processing", "canceled")
        assert refused.value.code == ("transfer_under_way" if is_called else "status_refused")
        assert current in refused.value.message or current == "sent" or is_called


def test_downloaded_file_keeps_its_lines_unless_the_cancel_is_forced_with_a_reason() -> None:
    with pytest.raises(Conflict) as refused:
        transitions.require("sent", "canceled", is_by_file=True)
    assert refused.value.code == "file_taken"
    with pytest.raises(InvalidRequest, match="reason"):
        transitions.require("sent", "canceled", is_by_file=True, force=True)
    transitions.require("sent", "canceled", is_by_file=True, force=True, reason="never uploaded")


def test_what_was_handed_to_another_system_is_never_canceled() -> None:
    for status, code in (("sent", "status_refused"), ("processing", "transfer_under_way")):
        with pytest.raises(Conflict) as refused:
            transitions.require(status, "canceled", force=True, reason="please")
        assert refused.value.code == code


def test_transfer_is_canceled_before_stripe_was_called() -> None:
    transitions.require("processing", "canceled", is_unsent=True)


def test_return_ends_when_all_is_back() -> None:
    with pytest.raises(Conflict) as refused:
        transitions.require("returned", "returned", is_all_back=True)
    assert refused.value.code == "status_refused"
