"""`accrual programs`, and the terms that `accrual bootstrap` takes."""

import json

import pytest

from app.errors import Conflict, InvalidRequest, NotFound

from .conftest import Accrual
from .test_audited_commands import trail

BOOTSTRAP = ("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
OFFER = ("--landing-url", "https://shop.example/", "--rate", "30", "--max-months", "12", "--holdback-days", "14")


def test_bootstrap_takes_rate_limit_holdback_and_landing_page(accrual: Accrual) -> None:
    made = accrual(*BOOTSTRAP, *OFFER)
    program = accrual("programs", "show")
    assert program["id"] == made["program_id"]
    assert program["commission"] == {"type": "percentage", "bps": 3000, "max_months": 12}
    assert (program["holdback_days"], program["landing_url"]) == (14, "https://shop.example/")


def test_bootstrap_again_changes_only_what_is_given(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP, *OFFER)
    accrual(*BOOTSTRAP)
    assert accrual("programs", "show")["terms_version"] == 1
    accrual(*BOOTSTRAP, "--rate", "12.5")
    changed = accrual("programs", "show")
    assert changed["commission"] == {"type": "percentage", "bps": 1250, "max_months": 12}
    assert (changed["holdback_days"], changed["landing_url"]) == (14, "https://shop.example/")


def test_bootstrap_without_a_landing_page_warns_beside_its_output(accrual: Accrual) -> None:
    done = accrual(*BOOTSTRAP, "--json", json_expected=False)
    program_id = json.loads(done.stdout)["program_id"]
    assert f"accrual programs change {program_id} --landing-url" in done.stderr
    done = accrual(*BOOTSTRAP, "--landing-url", "https://shop.example/", json_expected=False)
    assert "landing page" not in done.stderr


@pytest.mark.parametrize("rate", ["thirty", "101", "-1", "12.345", "NaN", ""])
def test_a_rate_that_is_no_percentage_is_refused_with_its_value(accrual: Accrual, rate: str) -> None:
    with pytest.raises(InvalidRequest, match=f'rate "{rate}" is no percentage'):
        accrual(*BOOTSTRAP, "--rate", rate)


def test_a_limit_of_months_longer_than_a_century_is_refused(accrual: Accrual) -> None:
    refused = accrual(*BOOTSTRAP, "--max-months", "1201", json_expected=False)
    assert (refused.exit_code, "less than or equal to 1200" in refused.output) == (2, True)


def test_programs_are_made_listed_changed_paused_and_archived(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    made = accrual("programs", "add", "--name", "Friends", "--rate", "12.5%", "--draft")
    assert (made["status"], made["is_default"], made["holdback_days"]) == ("draft", False, 30)
    assert [one["name"] for one in accrual("programs", "list")] == ["Friends", "Shop partners"]
    assert accrual("programs", "activate", made["id"])["status"] == "active"
    changed = accrual("programs", "change", made["id"], "--name", "Family", "--max-months", "6")
    assert (changed["name"], changed["commission"]["max_months"]) == ("Family", 6)
    assert accrual("programs", "pause", made["id"])["status"] == "paused"
    assert accrual("programs", "archive", made["id"])["status"] == "archived"
    with pytest.raises(Conflict):
        accrual("programs", "activate", made["id"])
    with pytest.raises(NotFound):
        accrual("programs", "show", "prog_of_nobody")


def test_program_changes_are_audited(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP)
    before = len(trail())
    accrual("programs", "change", "--rate", "25", "--landing-url", "https://shop.example/")
    accrual("programs", "change", "--rate", "25")
    accrual("programs", "pause")
    assert trail()[before:] == [
        (
            "cli",
            "program.updated",
            {"changed": ["commission", "landing_url"], "commission": {"type": "percentage", "bps": 2500}},
        ),
        ("cli", "program.updated", {"changed": ["status"], "status": "paused"}),
    ]


def test_people_read_a_program_s_terms_in_words(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP, *OFFER)
    shown = accrual("programs", "list", json_expected=False).stdout
    assert "30 %, for 12 months" in shown


def test_programs_change_opens_and_closes_sign_up(accrual: Accrual) -> None:
    accrual("bootstrap", "--organization", "Shop", "--email", "shop@example.com")
    assert accrual("programs", "show")["open_signup"] is False
    assert accrual("programs", "change", "--open-signup")["open_signup"] is True
    assert accrual("programs", "change", "--name", "Friends")["open_signup"] is True
    assert accrual("programs", "change", "--no-open-signup")["open_signup"] is False


def test_programs_change_names_the_further_hosts_of_links(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP, *OFFER)
    named = ("--landing-host", "Help.shop.example", "--landing-host", "app.example:8443")
    assert accrual("programs", "change", *named)["landing_hosts"] == ["app.example:8443", "help.shop.example"]
    assert accrual("programs", "change", "--name", "Friends")["landing_hosts"] != []
    with pytest.raises(InvalidRequest, match=r"'https://shop\.example' is not a host"):
        accrual("programs", "change", "--landing-host", "https://shop.example")
    assert accrual("programs", "change", "--landing-host", "none")["landing_hosts"] == []


def test_present_terms_are_given_to_partners_after_a_dry_run(accrual: Accrual) -> None:
    accrual(*BOOTSTRAP, *OFFER)
    accrual("partners", "add", "--email", "ada@example.com", "--code", "ada", "--active")
    accrual("programs", "change", "--rate", "40")
    tried = accrual("programs", "apply-terms", "--dry-run")
    assert (tried["dry_run"], tried["partners"], tried["kept"]["of_program"][0]["version"]) == (True, 1, 2)
    assert accrual("programs", "apply-terms", "--dry-run")["partners"] == 1
    printed = accrual("programs", "apply-terms", json_expected=False).output
    assert "version 2 (40 %" in printed
    assert accrual("programs", "apply-terms")["partners"] == 0
