"""What a catalogue leaves out, or a later version stored, is shown as well as it can be, and no request fails by it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from app.explanations import search
from app.sentences import catalogue, outcomes, problems, runs
from app.sentences.say import say

POLISH: Final = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2)"
CODE: Final = "partner.customers"
WRITTEN: Final = {
    "one form is empty": ['msgstr[0] "{count} klient"', 'msgstr[1] "{count} klienci"', 'msgstr[2] ""'],
    "one form is missing": ['msgstr[0] "{count} klient"', 'msgstr[1] "{count} klienci"'],
    "every form is empty": ['msgstr[0] ""', 'msgstr[1] ""', 'msgstr[2] ""'],
}


@pytest.mark.parametrize("written", WRITTEN)
def test_a_sentence_with_a_form_of_its_plural_left_out_is_said_in_english(tmp_path: Path, written: str) -> None:
    path = tmp_path / "pl.po"
    head = f'msgid ""\nmsgstr "Language: pl\\nContent-Type: text/plain; charset=UTF-8\\nPlural-Forms: {POLISH};\\n"\n'
    path.write_text("\n".join([head, f'msgid "{CODE}"', f'msgid_plural "{CODE}"', *WRITTEN[written], ""]))
    with catalogue.using(catalogue.read(path)):
        said = [say(CODE, count=count) for count in (1, 2, 5)]
    assert said == [
        "1 customer is credited to it now.",
        "2 customers are credited to it now.",
        "5 customers are credited to it now.",
    ]


UNKNOWN: Final[dict[str, Callable[[], str | None]]] = {
    "an outcome": lambda: outcomes.sentence("later"),
    "a reason": lambda: outcomes.sentence("no_change", {"because": "later"}),
    "what is waited for": lambda: outcomes.waiting_for({"waiting_for": "later"}),
    "a problem": lambda: problems.clause({"problem": "later", "status": 5}),
    "a phase": lambda: runs.phase("later:charges"),
    "a difference": lambda: runs.drift("later", "invoice", None, None),
    "a kind of object": lambda: runs.drift("missing_here", "later", None, None),
    "whose a promotion is": lambda: search.field_text("data.object.discounts;later=coupon:x"),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_a_code_of_a_later_version_is_shown_as_it_is(what: str) -> None:
    assert "later" in (UNKNOWN[what]() or "")


@pytest.mark.parametrize("outcome", outcomes.OUTCOMES)
@pytest.mark.parametrize(
    "details", [{}, {"limit": "max_cycles"}, {"limit": "max_months"}, {"problem": "stripe_failed"}, {"code": None}]
)
def test_outcome_has_a_sentence_when_details_are_missing(outcome: str, details: dict[str, str | None]) -> None:
    assert outcomes.sentence(outcome, details)
