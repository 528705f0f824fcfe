"""Every mail in every language, as text and as HTML, is as its golden file: `--rewrite-golden` writes them anew."""

from pathlib import Path
from typing import Final

import pytest

from app import db, placeholders
from app.mail import composing, texts
from app.mail.rendering import Message
from app.mail_queue.kinds import KINDS, OF
from tests.cast import Merchant

from . import golden

FILES: Final = Path(__file__).parent / "golden_files"


@pytest.mark.parametrize("language", ["en", "de"])
def test_mails_are_as_their_golden_files(language: str, merchant: Merchant, pytestconfig: pytest.Config) -> None:
    with db.transaction() as session:
        mails = golden.furnish(session, merchant, language)
        composed = {kind: composing.preview(session, mail, golden.PUBLIC_URL) for kind, mail in mails.items()}
    assert composed.keys() == set(KINDS)
    for kind, message in composed.items():
        assert isinstance(message, Message), (kind, message)
        for ending, written in (("txt", f"Subject: {message.subject}\n\n{message.text}"), ("html", message.html)):
            file = FILES / language / f"{kind}.{ending}"
            shown = golden.settled(written, merchant, mails)
            if pytestconfig.getoption("--rewrite-golden"):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(shown)
            assert shown == file.read_text(), f"{language}/{kind}.{ending}: look at it, then use --rewrite-golden"


@pytest.mark.parametrize("language", ["en", "de"])
def test_words_that_a_merchant_begins_with_have_only_placeholders_that_it_may_use(language: str) -> None:
    for name in KINDS:
        if not OF[name].is_fixed:
            words = texts.present(name, language, None)
            for written in (words.subject, words.text):
                placeholders.require_known(written, OF[name].placeholders, param=name)
