"""German has every sentence of the source language, with its placeholders and plurals, and full explanations in it."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from babel.messages import pofile
from babel.messages.catalog import Message

from app.sentences import catalogue

from .test_catalogue import code_of, messages, placeholders, texts
from .test_second_language import asked_for, explained

__all__ = ["asked_for"]

SAME: Final = {
    *("Accrual", "Browser", "Bytes", "CODE", "Code", "Domain", "Export", "FirstPromoter", "Format", "Host"),
    *("IBAN", "Import", "Link", "Live", "Logo", "Name", "Partner", "PartnerStack", "Passphrase", "PayPal"),
    *("PaymentIntent", "Payoneer", "Plan", "Redis", "Rewardful", "SHA-256", "Server", "Snippet", "Status"),
    *("Stripe", "System", "Tapfiliate", "Test", "Text", "Token", "Tolt", "URL", "Version", "Wise", "ms"),
}
"""Words that are the same in both languages."""
ENGLISH: Final = re.compile(r"\b(the|and|of|is|are|not|with|for|by|this|has|have|were|your|from)\b")
WITHOUT_WORDS: Final = re.compile(r"`[^`]*`|\{[^}]*\}|[\w.-]+[/_=@][\w./=…@-]*")
"""Commands, placeholders, paths and names of the API, which are in English in every language."""


@cache
def german() -> dict[str, Message]:
    with (catalogue.LOCALES / "de.po").open("rb") as file:
        return {code_of(message): message for message in pofile.read_po(file) if message.id}


def test_every_sentence_is_in_german() -> None:
    assert sorted(messages().keys() ^ german().keys()) == []


def test_every_form_of_a_sentence_is_written_and_none_is_a_guess() -> None:
    for code, message in german().items():
        assert all(text.strip() or text == " " for text in texts(message)), code
        assert len(texts(message)) == len(texts(messages()[code])), code
        assert not message.fuzzy, code


def test_placeholders_are_those_of_the_source() -> None:
    assert [code for code, message in german().items() if named(message) != named(messages()[code])] == []


def named(message: Message) -> set[str]:
    return {name for text in texts(message) for name in placeholders(text)}


def test_no_english_is_left() -> None:
    left = []
    for code, message in german().items():
        for own, source in zip(texts(message), texts(messages()[code]), strict=True):
            words = WITHOUT_WORDS.sub(" ", own).strip()
            is_same = own == source and re.search(r"[A-Za-z]{2}", words) and words not in SAME
            if is_same or ENGLISH.search(words):
                left.append((code, own))
    assert left == []


def test_each_thing_has_the_term_at_the_head_of_the_file() -> None:
    others = re.compile(
        r"Affiliate|Abrechnungszeitr|Abschlüsse|[Gg]escheitert|Disput|Kommission|[Oo]ptional|[Gg]eparkt|übergangen|\bzahlbar"
    )
    found = [(code, text) for code, message in german().items() for text in texts(message)]
    assert [(code, text) for code, text in found if others.search(WITHOUT_WORDS.sub(" ", text))] == []


def test_a_reader_is_addressed_politely() -> None:
    """`du` and its forms appear nowhere."""
    forms = re.compile(r"\b(du|dich|dir|dein\w*|euch|euer\w*|eure\w*)\b", re.IGNORECASE)
    assert [code for code, message in german().items() if any(forms.search(text) for text in texts(message))] == []


REFUNDED_AND_DISPUTED: Final = """\
ada: 7,80 USD vorgemerkt.
Zahlung pmt_…: 49,00 USD am 2. März 2026 (UTC) (in_…, pi_…, ch_…), im Testmodus.
Die Bemessungsgrundlage ist 49,00 USD: der Gesamtbetrag ohne Steuer, vollständig eingenommen (Gesamtbetrag 49,00 USD, \
eingenommen 49,00 USD).
Rückerstattung re_… über 10,00 USD: succeeded, das Geld ist zurückgeflossen.
Anfechtung du_… über 49,00 USD: needs_response, das Geld wurde nicht abgezogen oder wieder gutgeschrieben.
Insgesamt sind 10,00 USD von 49,00 USD zurückgeflossen.
Die Freigabe ist ausgesetzt, solange die Anfechtung offen ist.
Zugeordnet: ada (par_…). Nachweis: Metadaten des Abonnements; sub_… enthält 'ada' in data.object.metadata.affiliate_id \
(evt_…), deshalb ist cus_… diesem Partner zugeordnet.
ada verdient nach dem Satz des Programms, festgelegt am TODAY (UTC) (Freigabe), Bedingungen Version 1, Grundlage netto.
Der Kunde hat am 2. März 2026 (UTC) bezahlt, bevor der Partner Bedingungen hatte: Es gelten seine ersten.
20 % von 49,00 USD, kaufmännisch gerundet, sind 9,80 USD.
2. März 2026 (UTC), Vormerkung: 20 % von 49,00 USD sind 9,80 USD, kaufmännisch gerundet; 10,00 von 49,00 USD sind \
zurückgeflossen, deshalb 9,80 USD - 9,80 USD x 10,00 / 49,00 USD = 7,80 USD [commission_expense +7,80 USD, \
partner_accrued -7,80 USD; evt_…]
Die Provision beträgt jetzt 7,80 USD: vorgemerkt; die Wartezeit endet am 1. April 2026 (UTC).
"""
UNATTRIBUTED: Final = """\
Keine Provision. Bezahlt, aber kein Nachweis, der für diese Zahlung zählt, nennt einen Partner.
Zahlung pmt_…: 49,00 USD am 2. März 2026 (UTC) (in_…, pi_…, ch_…), im Testmodus.
Die Bemessungsgrundlage ist 49,00 USD: der Gesamtbetrag ohne Steuer, vollständig eingenommen (Gesamtbetrag 49,00 USD, \
eingenommen 49,00 USD).
Keine Provision. Bezahlt, aber kein Nachweis, der für diese Zahlung zählt, nennt einen Partner.
An 9 Stellen wurde nach dem Namen eines Partners gesucht:
- Metadaten der Belastung oder des PaymentIntent ch_…: nichts.
- Metadaten der Belastung oder des PaymentIntent pi_…: nichts.
- Metadaten der Rechnung in_…: nichts.
- Metadaten des Abonnements sub_…: nichts.
- Metadaten der Checkout-Sitzung cs_…: nichts.
- Kundenreferenz der Checkout-Sitzung cs_…: nichts.
- Anmeldung des Kunden selbst: nichts.
- Metadaten des Stripe-Kunden cus_…: unbekannt, weil kein Ereignis mit diesem Objekt eingetroffen ist.
- Werbecodes und Gutscheine: nichts.
"""
UNKNOWN_CODE: Final = """\
Keine Provision. Genannt wird jnae, und kein Partner hat diesen Code.
"""
WAITING: Final = """\
refund.created: Gewartet wird auf die Zahlung, die zurückerstattet oder angefochten wurde; \
danach wird sofort abgerechnet.
Rückerstattung re_… über 5,00 USD: succeeded, das Geld ist zurückgeflossen.
re_… ist bekannt; die zugehörige Zahlung ist noch nicht bekannt.
"""
EXAMPLES: Final = {0: REFUNDED_AND_DISPUTED, 1: UNATTRIBUTED, 2: UNKNOWN_CODE, 6: WAITING}
"""Explanations that begin so, by the place of their id in `asked_for`."""


def shown(any_id: str) -> str:
    """The explanation, its ids without what is random in them, and the days on which the test runs."""
    found = explained(any_id, catalogue.named("de"))
    lines: Sequence[str] = (found["summary"], *found["sentences"])
    text = re.sub(r"\b([a-z]{2,4})_\w{10,}", r"\1_…", "\n".join(lines))
    return re.sub(r"festgelegt am \d+\. \w+ \d{4}", "festgelegt am TODAY", text) + "\n"


def test_whole_explanations_read_well(asked_for: list[str]) -> None:
    for place, expected in EXAMPLES.items():
        assert shown(asked_for[place])[: len(expected)] == expected
