"""A closed statement as a file: CSV, and a page that is printed or saved."""

import base64
import csv
import hashlib
import io
import re
from html.parser import HTMLParser

from tests.cast import Merchant

from .conftest import Caller
from .test_statements import clock, get_as, of_partner, story

__all__ = ["clock", "story"]


def test_csv_has_the_opening_every_entry_and_the_closing(merchant: Merchant, owner: Caller, story: None) -> None:
    june = owner.get(of_partner(merchant)).json["data"][0]
    answer = get_as(owner, f"/api/v1/statements/{june['id']}", "text/csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{june["id"]}-2026-06-usd.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["kind"] for row in rows] in (
        ["opening", "accrual", "adjustment", "closing"],
        ["opening", "adjustment", "accrual", "closing"],
    )
    assert (rows[0]["owed"], rows[-1]["owed"], rows[-1]["owed_cents"]) == ("9.80", "17.60", "1760")
    assert sum(int(row["accrued_cents"]) for row in rows[1:-1]) == 780


class Outline(HTMLParser):
    """What a screen reader works with: language, headings, captions and the scopes of header cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_is_printable_and_accessible(merchant: Merchant, owner: Caller, story: None) -> None:
    june = owner.get(of_partner(merchant)).json["data"][0]
    answer = get_as(owner, f"/api/v1/statements/{june['id']}", "text/html")
    assert answer.headers["Content-Type"].startswith("text/html")
    for words in ("Statement 2026-06, USD", "Owed at the end", "17.60 USD", "5 June 2026", june["hash"], "Friends"):
        assert words in answer.text, words
    outline = Outline()
    outline.feed(answer.text)
    tags = [tag for tag, _ in outline.tags]
    assert (tags.count("h1"), tags.count("main"), tags.count("table")) == (1, 1, tags.count("caption"))
    assert all("scope" in attributes for tag, attributes in outline.tags if tag == "th")
    assert dict(outline.tags)["html"]["lang"] == "en"
    assert "script" not in tags
    assert all("style" not in attributes for _, attributes in outline.tags)


def test_a_saved_page_has_its_style_in_it(merchant: Merchant, owner: Caller, story: None) -> None:
    june = owner.get(of_partner(merchant)).json["data"][0]
    answer = get_as(owner, f"/api/v1/statements/{june['id']}", "text/html")
    [style] = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    assert "@media print" in style
    assert not re.findall("""(?:href|src)="(?!data:)""", answer.text)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in answer.headers["Content-Security-Policy"]
