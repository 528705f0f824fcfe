"""The guide to paying partners: every command of the page is run, in its order."""

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import db, ids
from app.config import Settings
from tests import cast
from tests.api.reserved import approve
from tests.api.sales import sell
from tests.conftest import assert_ledger_sound
from worker.payouts import reserving

from .conftest import Accrual

GUIDE = Path(__file__).resolve().parents[2] / "docs/guides/pay-partners.md"
OTHERS = ("ben", "dan", "eve")


def commands() -> Iterator[list[str]]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    for line in "".join(blocks).replace("\\\n", " ").splitlines():
        if line.startswith("accrual "):
            yield shlex.split(line)[1:]


class Reader:
    """Who follows the page: the shop with partners who are owed money."""

    def __init__(self, accrual: Accrual, merchant: cast.Merchant) -> None:
        self.accrual, self.merchant = accrual, merchant
        self.sold = 0
        self.token = self.run = ""

    def owes(self, *codes: str) -> None:
        for code in codes:
            self.sold += 1
            with db.transaction() as session:
                approve(session, self.merchant, code, sell(session, self.merchant, code, self.sold))

    def runs(self, *options: str) -> None:
        self.run = self.accrual("payouts", "run", "--detach", *options)["id"]
        reserving.work_slice(60)

    def payout(self, code: str) -> str:
        partner_id = ids.encode(ids.PARTNER, self.merchant.partners[code])
        [found] = [one for one in self.accrual("payouts", "list", "--run", self.run) if one["partner_id"] == partner_id]
        return str(found["id"])

    def follow(self, command: list[str]) -> Any:
        subject = self.subject(" ".join(command[:2] + command[3:4]))
        return self.accrual(*(subject if word in ("pyr_…", "pyt_…") else word for word in command))

    def subject(self, what: str) -> str:
        """The run or the payout that a command is about."""
        by_command: dict[str, Callable[[], str]] = {
            "payouts confirm --reference": lambda: self.payout("dan"),
            "payouts fail --reason": lambda: self.payout("eve"),
            "payouts return --amount-cents": lambda: self.payout("dan"),
        }
        return by_command.get(what, lambda: self.run)()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As everywhere, with payouts switched on."""
    return settings.model_copy(update={"payouts_live": True})


def test_every_command_of_the_guide_works(
    accrual: Accrual, merchant: cast.Merchant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.transaction() as session:
        cast.enroll(session, merchant, "eve")
    reader = Reader(accrual, merchant)
    reader.owes("ada", *OTHERS)
    for code in OTHERS:
        accrual("payout-methods", "set", code, "--method", "paypal", "--email", f"{code}@wallet.example")
    monkeypatch.chdir(tmp_path)
    followed = []
    for command in commands():
        words = " ".join(command)
        if words == "payouts run --preview-token TOKEN":
            reader.runs("--preview-token", reader.token)
        elif words == "payouts import-results pyr_… results.csv":
            [reference] = [
                one["reference"]
                for one in accrual("payouts", "list", "--run", reader.run)
                if one["id"] == reader.payout("ben")
            ]
            Path("results.csv").write_text(f"reference,status\n{reference},paid\n")
            assert reader.follow(command)["confirmed"] == 1
        elif words.startswith("payouts cancel"):
            reader.owes("ben")
            reader.runs("--partner", ids.encode(ids.PARTNER, merchant.partners["ben"]))
            if "--force" in command:
                accrual("payouts", "files", reader.run, "--download", ".")
            subject = reader.run if "pyr_…" in command else reader.payout("ben")
            canceled = accrual(*(subject if word in ("pyr_…", "pyt_…") else word for word in command))
            assert canceled["status"] == "canceled", words
        else:
            answer = reader.follow(command)
            reader.token = answer["preview_token"] if words == "payouts preview" else reader.token
        followed.append(" ".join(command[:2]))
    assert len(list(tmp_path.glob("TEST-payouts-*"))) >= 2
    statuses = [one["status"] for one in accrual("payouts", "list", "--limit", "100")]
    assert statuses.count("paid") == 2, "Ben's by its result, Ada's with the run"
    assert {"payouts run", "payouts files", "payouts return", "payout-settings set"} <= set(followed)
    assert_ledger_sound()
