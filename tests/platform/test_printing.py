"""What a command prints: no text of others that controls the terminal, and times as people read them."""

import re
from pathlib import Path

import pytest

from app.cli import printing

from .conftest import Accrual

STEERING = "Ada\x1b[2J\x9b31m\u202eadA\rzz"


@pytest.mark.parametrize("as_json", [True, False])
def test_control_characters_are_spelled_out(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    printing.record({"name": STEERING}, as_json=as_json)
    printing.listing([{"name": STEERING}], as_json=as_json)
    printing.record({STEERING: 1}, as_json=as_json)
    printing.listing([{STEERING: 1}], as_json=as_json)
    printing.say(STEERING)
    printing.warn(STEERING)
    printing.print_error(STEERING)
    with printing.Bar() as bar:
        bar.show(STEERING, 5_000, STEERING)
    printed = capsys.readouterr()
    for character in "\x1b\x9b\u202e\r":
        assert character not in printed.out + printed.err
    assert "Ada" in printed.out


TIME = re.compile(r"\d{1,2} \w{3} \d{4}, \d\d:\d\d:\d\d UTC")
COMMANDS = (
    "client-keys create --name app",
    "client-keys list",
    "client-keys change {client_key} --name ios",
    "client-keys revoke {client_key}",
    "browser-keys create https://shop.example",
    "browser-keys list",
    "browser-keys revoke {browser_key}",
    "referrals currency credits",
    "referrals currencies",
    "referrals template --referrer credits=50",
    "referrals codes",
    "signups record u-1",
    "signups list",
    "cookie-domain set shop.example",
    "cookie-domain show",
    "import list",
    "import show {import}",
)


def test_tables_have_times_as_people_read_them(accrual: Accrual, tmp_path: Path) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    people = tmp_path / "people.csv"
    people.write_text("affiliate_email,affiliate_code\nada@affiliates.example,ada\n")
    made = {
        "client_key": accrual("client-keys", "create")["id"],
        "browser_key": accrual("browser-keys", "create", "https://app.example")["id"],
        "import": accrual("import", "csv", str(people), "--cutoff", "2026-06-01", "--detach")["id"],
    }
    for command in COMMANDS:
        printed = accrual(*command.format(**made).split(), json_expected=False)
        assert printed.exit_code == 0, printed.output
        assert TIME.search(printed.stdout), command
        assert not re.search(r"\d{4}-\d\d-\d\dT", printed.stdout), command
