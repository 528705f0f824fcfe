"""The snippet in the console has the values of the chosen program, and the cookie's domain is set beside it."""

import re
from html import unescape

import pytest

from app.touchpoints import snippet
from tests.api.isolation.world import World
from tests.console.conftest import ReaderOf
from tests.console.test_forms import send

PAGE = "/console/settings/snippet"
SHOP, OWN = "https://www.shop.example/", "https://go.shop.example"


def of_program(public_url: str, landing_url: str | None, cookie_domain: str | None = None) -> snippet.Snippet:
    return snippet.of_program(
        public_url, "prog_1", landing_url=landing_url, window_days=45, cookie_domain=cookie_domain
    )


def test_a_server_on_the_domain_of_the_pages_remembers_visitors() -> None:
    code = of_program(OWN, SHOP, "shop.example")
    assert code.tag.splitlines() == [
        "<script",
        f'  src="{OWN}/checkout.js"',
        '  data-cookie-days="45"',
        '  data-cookie-domain="shop.example"',
        f'  data-memory="{OWN}/v1/memory?program=prog_1"',
        "></script>",
    ]


@pytest.mark.parametrize(
    ("public_url", "landing_url", "cookie_domain"),
    [
        ("https://go.accrual.co.uk", "https://www.shop.co.uk/", None),
        ("http://go.shop.example", SHOP, None),
        (OWN, None, "shop.example"),
        (OWN, "https://www.elsewhere.example/", "shop.example"),
    ],
)
def test_a_server_elsewhere_remembers_nothing(
    public_url: str, landing_url: str | None, cookie_domain: str | None
) -> None:
    code = of_program(public_url, landing_url, cookie_domain)
    assert ("data-memory" in code.tag, "data-cookie-domain" in code.tag) == (False, False)


def test_the_snippet_has_the_values_of_the_chosen_program(world: World, reader_of: ReaderOf) -> None:
    owner, program = reader_of("owner"), world.ids["program_id"]
    text = unescape(owner.get(PAGE, program=program).text)
    assert f'program_id: "{program}"' in text
    shown = world.callers["owner"].get(f"/v1/admin/affiliate/programs/{program}").json
    assert f'data-cookie-days="{shown["attribution_window_days"]}"' in text
    assert re.search(r"<pre[^>]*><script\n  src=\"http://[^\"]+/checkout.js\"", text)
    assert reader_of("stranger").get(PAGE, program=program).status_code == 404


def test_the_domain_of_the_cookie_is_set_and_removed(world: World, reader_of: ReaderOf) -> None:
    owner, rest, form = reader_of("owner"), world.callers["owner"], f"{PAGE}/cookie-domain"
    status, text = send(owner, PAGE, form, domain="co.uk")
    assert (status, 'value="co.uk"' in text, "shared by sites of different owners" in text) == (400, True, True)
    assert send(owner, PAGE, form, domain="shop.example")[0] == 303
    assert rest.get("/api/v1/cookie-domain").json["domain"] == "shop.example"
    assert send(owner, PAGE, f"{form}/remove")[0] == 303
    assert rest.get("/api/v1/cookie-domain").json["domain"] is None
    viewer = reader_of("owner", role="viewer")
    assert viewer.browser.send("/console", form, domain="shop.example").status_code == 403
    assert f'action="{form}"' not in viewer.get(PAGE).text
