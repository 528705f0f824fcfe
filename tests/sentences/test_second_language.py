"""A second language is one file: with it every sentence of an explanation is in that language."""

import csv
import io
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from babel.messages import pofile
from babel.messages.catalog import Message

from app import db, ids
from app.explanations import explain
from app.sentences import catalogue
from app.sentences.catalogue import Catalogue
from tests.api.conftest import Caller, caller_of, owner
from tests.cast import Merchant
from tests.conftest import Deliver, Drain
from tests.stripe_stories.customer import Customer
from tests.stripe_stories.facts import Marks
from tests.stripe_stories.families import CLOVER
from tests.stripe_stories.troubles import DisputeStory

from .test_catalogue import code_of, messages, placeholders, texts

__all__ = ["caller_of", "owner"]

PLACEHOLDER = re.compile(r"(\{\w+(?:![rs])?\})")


def translated(text: str) -> str:
    """A text in brackets that show where it begins and ends, its words in capitals, its placeholders as they were."""
    parts = PLACEHOLDER.split(text)
    return "«" + "".join(part if PLACEHOLDER.fullmatch(part) else part.upper() for part in parts) + "»"


@pytest.fixture
def second(tmp_path: Path) -> Catalogue:
    """A second language, made of the source by writing one file: numbers and dates as in German."""
    with (catalogue.LOCALES / f"{catalogue.SOURCE}.po").open("rb") as file:
        sentences = pofile.read_po(file)
    sentences.locale = "de"
    for message in sentences:
        if message.id:
            forms = tuple(translated(text) for text in texts(message))
            message.string = forms[0] if isinstance(message.string, str) else forms
    path = tmp_path / "de.po"
    with path.open("wb") as file:
        pofile.write_po(file, sentences)
    return catalogue.read(path)


def outside_brackets(text: str) -> str:
    """What of `text` stands in no bracket."""
    depth, found = 0, ""
    for character in text:
        depth += character == "«"
        found += character if depth == 0 else ""
        depth -= character == "»"
    return found.strip()


def explained(any_id: str, language: Catalogue | None) -> Mapping[str, Any]:
    with db.transaction() as session:
        return explain.explain(session, any_id, language)


@pytest.fixture
def asked_for(merchant: Merchant, deliver: Deliver, drain: Drain) -> list[str]:
    """Ids of every kind, of payments that were refunded, disputed, waiting, unattributed and named wrongly."""
    cleo, stranger, misspelt = (
        Customer(CLOVER, Marks(**marks)) for marks in ({"subscription": "ada"}, {}, {"subscription": "jnae"})
    )
    first, other, wrong = cleo.subscribes(), stranger.subscribes(), misspelt.subscribes()
    back, early = cleo.is_refunded(first, 1000), stranger.is_refunded(stranger.buys(), 500)
    broken = stranger.subscribes().event("invoice.paid")
    del broken["data"]["object"]["total"]
    deliver([*first.events, *other.events, *wrong.events, *back.events, early.events[0], broken])
    drain()
    dispute = DisputeStory(cleo, first).opens()
    deliver([dispute])
    drain()
    partner, program = ids.encode(ids.PARTNER, merchant.partners["ada"]), ids.encode(ids.PROGRAM, merchant.program_id)
    stripe_ids = [first.invoice, other.invoice, wrong.invoice, cleo.id, stranger.id, back.id, early.id]
    return [
        *map(str, stripe_ids),
        dispute["data"]["object"]["id"],
        "ada",
        partner,
        program,
        broken["id"],
        first.events[0]["id"],
    ]


def test_every_sentence_is_in_the_second_language(asked_for: list[str], second: Catalogue) -> None:
    for any_id in asked_for:
        found = explained(any_id, second)
        for sentence in (found["summary"], *found["sentences"]):
            assert outside_brackets(sentence) == "", any_id


def test_amounts_and_dates_follow_the_second_language(asked_for: list[str], second: Catalogue) -> None:
    lines = "\n".join(explained(asked_for[0], second)["sentences"])
    assert "20 % «" not in lines
    assert "«20 % OF 49,00 USD, ROUNDED HALF UP, IS 9,80 USD.»" in lines
    assert re.search(r"\d\d?\. \w+ \d{4} \(UTC\)", lines)


def test_the_same_facts_are_shown_in_both_languages(asked_for: list[str], second: Catalogue) -> None:
    for any_id in asked_for:
        assert len(explained(any_id, second)["sentences"]) == len(explained(any_id, None)["sentences"])


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, second: Catalogue) -> Iterator[Catalogue]:
    """The second language, in the folder of the catalogues."""
    shutil.copy(catalogue.LOCALES / f"{catalogue.SOURCE}.po", tmp_path)
    monkeypatch.setattr(catalogue, "LOCALES", tmp_path)
    for cached in (catalogue.available, catalogue.named):
        cached.cache_clear()
    yield second
    for cached in (catalogue.available, catalogue.named):
        cached.cache_clear()


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("header", "is_german"),
    [
        ("de", True),
        ("de-AT, en;q=0.5", True),
        ("fr, de;q=0.4", True),
        ("en, de;q=0.9", False),
        ("DE", True),
        ("De-AT, EN;q=0.5", True),
        ("EN-us, de;q=0.9", False),
        ("fr", False),
        ("*", False),
        ("", False),
        ("de;q=x", False),
    ],
)
def test_an_answer_is_in_the_language_the_request_accepts(
    owner: Caller, asked_for: list[str], header: str, is_german: bool
) -> None:
    for path in (f"/api/v1/explanations?id={asked_for[0]}", f"/api/v1/events/{asked_for[-1]}"):
        answer = owner.call("GET", path, {"Accept-Language": header})
        assert all((outside_brackets(line) == "") is is_german for line in answer.json["sentences"]), path


@pytest.mark.usefixtures("german", "asked_for")
def test_a_list_as_csv_is_in_the_language_the_request_accepts(owner: Caller) -> None:
    headers = {"Accept": "text/csv", "Accept-Language": "de"}
    answer = owner.call("GET", "/api/v1/payments", headers)
    reasons = [row["reason"] for row in csv.DictReader(io.StringIO(answer.text))]
    assert reasons
    assert {outside_brackets(reason) for reason in reasons} == {""}


def test_a_sentence_that_a_language_leaves_out_is_said_in_english(tmp_path: Path) -> None:
    path = tmp_path / "fr.po"
    path.write_text('msgid ""\nmsgstr "Language: fr\\nContent-Type: text/plain; charset=UTF-8\\n"\n')
    assert catalogue.read(path).template("own.approved") == "It is approved and not paid yet."


def test_each_language_keeps_the_placeholders_of_the_source() -> None:
    for path in catalogue.LOCALES.glob("*.po"):
        with path.open("rb") as file:
            for message in pofile.read_po(file):
                if message.id and any(texts(message)):
                    assert used(message) <= used(messages()[code_of(message)]), (path.name, message.id)


def used(message: Message) -> set[str]:
    """The placeholders of a sentence, in any form of its plural."""
    return {name for text in texts(message) for name in placeholders(text)}
