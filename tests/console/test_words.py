"""Templates take every word from the catalogue, and the catalogue has each word that they ask for."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

import pytest

from app.commissions.analytics import overview
from app.commissions.views import CommissionStatus
from app.doctor import findings
from app.http import statements as files
from app.ledger.models import ACCOUNT_KINDS
from app.mail_queue.kinds import KINDS, changeable
from app.mail_queue.models import STATES as STATES_OF_MAILS
from app.organizations.permissions import LEVELS
from app.outbound import views as outbound
from app.pages import layout
from app.pages.console import events, settings
from app.pages.forms.programs.terms import NewTerms
from app.pages.forms.settings import confirming
from app.pages.portal import frame
from app.partners.payout_methods.destinations.kinds import FORMS
from app.partners.terms.snapshots import AppliesTo
from app.partners.validation import ENDED, STATUSES, AffiliateStatus, PartnerStatus
from app.payouts.files import kinds
from app.payouts.files.importing import Said
from app.payouts.files.views import FileStatus
from app.payouts.owner_settings import debtor
from app.payouts.showing.moves import Move
from app.payouts.showing.run_views import RunStatus
from app.payouts.transitions import PayoutStatus
from app.programs.applying.fields import FieldType
from app.programs.shapes import TYPES
from app.programs.validation import ProgramStatus
from app.programs.views import AttributionModel, ConversionKind
from app.referrals.client_keys import CLAIMS
from app.transfer.imports.reading.fields import TOOLS
from tests.sentences.test_catalogue import messages

TEMPLATES: Final = Path(__file__).parents[2] / "app" / "pages" / "templates"
FAMILIES: Final = {
    "outcome": events.EVENT_OUTCOMES,
    "state": (
        *get_args(CommissionStatus),
        *STATUSES,
        *get_args(PartnerStatus),
        *get_args(ProgramStatus),
        *get_args(PayoutStatus),
        *get_args(RunStatus),
        *get_args(FileStatus),
        *get_args(outbound.Status),
        *STATES_OF_MAILS,
        *("queued", "running", "ready", "failed", "expired", "missing"),
    ),
    "file_kind": kinds.FORMATS,
    "payout_move": get_args(Move),
    "payout_move_now": get_args(Move),
    "payout_move_text": (*get_args(Move), "cancel_sent"),
    "written_off": ("balance", "debt"),
    "switch": ("on", "off"),
    "debtor": debtor.LENGTHS,
    "file_use": kinds.FORMATS,
    "result": (*get_args(Said), "not_applied"),
    "mail_kind": KINDS,
    "account": ACCOUNT_KINDS,
    "step": get_args(overview.Step),
    "attention": get_args(overview.Attention),
    "nav": [place.name for place in layout.PLACES],
    "group": {place.group for place in layout.PLACES},
    "settings": [name for _, name, _ in settings.PLACES],
    "settings_text": [name for _, name, _ in settings.PLACES],
    "level": LEVELS,
    "tool": TOOLS,
    "claims": CLAIMS,
    "disabled_reason": ("by_request", "failing", "restored"),
    "finding_level": get_args(findings.Level),
    **dict.fromkeys(("confirm_title", "confirm_text", "confirm_button"), get_args(confirming.What)),
    "field": {field for fields in FORMS.values() for field in fields},
    "portal_nav": [name for name, _ in frame.PAGES],
    "portal_status": get_args(AffiliateStatus),
    "activity": ("visits", "sign_ups", "customers", "commissions"),
    "portal_chart": ("visits", "earned"),
    "file": get_args(files.Form),
    "portal_ended": ENDED,
    "notice": changeable(to_partners=True),
    "promotion_status": ("pending", "created", "failed", "given"),
    "applies_to": get_args(AppliesTo),
    "attribution": get_args(AttributionModel),
    "counts": get_args(ConversionKind),
    "commission_type": TYPES,
    "existing": get_args(NewTerms.model_fields["existing"].annotation),
    "moves_for": get_args(AppliesTo),
    "form_field": get_args(FieldType),
    "program_status": ("active", "paused", "archived"),
    "program_status_text": ("active", "paused", "archived"),
}
"""Words that are found by a stored code: every code of the list has one."""


def templates() -> list[Path]:
    """All of them: none has words of its own."""
    return list(TEMPLATES.rglob("*.html"))


def codes_asked_for() -> Iterator[tuple[str, str]]:
    """Each literal code with the template."""
    for path in TEMPLATES.rglob("*.html"):
        for code in re.findall(r"""["'](page(?:\.\w+)+|format\.\w+)["']""", path.read_text()):
            yield code, path.name


def test_every_word_that_a_template_asks_for_is_in_the_catalogue() -> None:
    asked = dict(codes_asked_for())
    assert len(asked) > 200
    assert {code: name for code, name in asked.items() if code not in messages()} == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_stored_code_has_a_word(family: str) -> None:
    assert [code for code in FAMILIES[family] if f"page.{family}.{code}" not in messages()] == []


def test_every_empty_list_has_its_sentence() -> None:
    source = "\n".join(path.read_text() for path in templates())
    named = set(re.findall(r"""ui\.empty\("(\w+)"|word\("empty", "(\w+)"\)""", source))
    assert {f"page.empty.{one or other}" for one, other in named} == {
        code for code in messages() if code.startswith("page.empty.")
    }


def test_templates_have_no_words_of_their_own() -> None:
    found = {}
    for path in templates():
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", " ", path.read_text(), flags=re.DOTALL)
        text = re.sub(r"<pre.*?</pre>|<!doctype html>|<[^>]*>", " ", text, flags=re.DOTALL)
        if words := [word for word in re.findall(r"[A-Za-z]{2,}", text) if word != "Accrual"]:
            found[path.name] = words
    assert found == {}
