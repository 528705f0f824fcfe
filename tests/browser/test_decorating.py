"""Payment Links, Buy Buttons and Pricing Tables carry the partner to Stripe."""

import pytest
from playwright.sync_api import Page

from .shop import PAYMENT_LINK, SCRIPT_TAG, Shop, link_reference

ADA_LINK = "/?ref=ada-k3x9&aff_sess=ses_01"
ADA = "ada-k3x9--ses_01"
ELEMENTS = ("stripe-buy-button", "stripe-pricing-table")

# As Stripe's script does: the element is known before it is added, and reads its reference then and on every change.
STRIPE_ELEMENTS = """
class StripeElement extends HTMLElement {
  static observedAttributes = ["client-reference-id"];
  connectedCallback() { this.seen = this.getAttribute("client-reference-id"); }
  attributeChangedCallback(name, before, after) { this.seen = after; }
}
customElements.define("stripe-buy-button", class extends StripeElement {});
customElements.define("stripe-pricing-table", class extends StripeElement {});
"""


def _add(page: Page, html: str) -> None:
    """Append this markup to the page and wait for a frame, so that observers have run."""
    page.evaluate(
        """html => {
          document.body.insertAdjacentHTML("beforeend", html);
          return new Promise(requestAnimationFrame);
        }""",
        html,
    )


@pytest.mark.parametrize("host", ["buy.stripe.com", "book.stripe.com", "donate.stripe.com"])
def test_followed_payment_link_has_the_partners_reference(shop: Shop, host: str) -> None:
    shop.put("/", f'<a href="https://{host}/test_8wM8">Buy</a>')
    page = shop.visit(ADA_LINK)
    page.click("a")
    page.wait_for_url(f"https://{host}/**")
    assert shop.stripe_visits == [f"https://{host}/test_8wM8?client_reference_id={ADA}"]


def test_a_payment_link_keeps_its_own_query_and_fragment(shop: Shop) -> None:
    shop.put("/", f'<a href="{PAYMENT_LINK}?prefilled_email=cleo%2Bx@shop.test&amp;locale=de%20AT#top">Buy</a>')
    page = shop.visit(ADA_LINK)
    expected = f"{PAYMENT_LINK}?prefilled_email=cleo%2Bx@shop.test&locale=de%20AT&client_reference_id={ADA}#top"
    assert page.get_attribute("a", "href") == expected


def test_the_merchants_own_payment_link_domains_are_known_by_an_option(shop: Shop) -> None:
    tag = '<script src="/checkout.js" data-link-domains="pay.shop.test, Checkout.Other.test"></script>'
    links = ("https://pay.shop.test/b/1", "https://checkout.other.test/b/2", "https://app.shop.test/b/3")
    shop.put("/", "".join(f'<a id="link{i}" href="{url}">Buy</a>' for i, url in enumerate(links)), head=tag)
    page = shop.visit(ADA_LINK)
    assert [link_reference(page, f"#link{i}") for i in range(3)] == [ADA, ADA, None]


def test_links_to_other_sites_are_not_decorated(shop: Shop) -> None:
    addresses = [
        "/pricing",
        "https://stripe.com/",
        "https://billing.stripe.com/p/login/x",
        "https://buy.stripe.com.other.test/x",
        "https://other.test/?next=https://buy.stripe.com/x",
        "mailto:cleo@shop.test?subject=buy.stripe.com",
        "#buy",
        "https://[broken",
    ]
    shop.put("/", "".join(f'<a href="{address}">Elsewhere</a>' for address in addresses))
    page = shop.visit(ADA_LINK)
    hrefs = page.eval_on_selector_all("a", "links => links.map(link => link.getAttribute('href'))")
    assert hrefs == addresses


@pytest.mark.parametrize("element", ELEMENTS)
def test_buy_buttons_and_pricing_tables_get_the_reference(shop: Shop, element: str) -> None:
    shop.put("/", f"<div><{element} publishable-key='pk_test'></{element}></div>")
    page = shop.visit(ADA_LINK)
    assert page.get_attribute(element, "client-reference-id") == ADA


@pytest.mark.parametrize("given", ["user_42", ""])
@pytest.mark.parametrize("element", ELEMENTS)
def test_an_elements_own_reference_is_never_overwritten(shop: Shop, element: str, given: str) -> None:
    markup = f'<{element} client-reference-id="{given}"></{element}>'
    shop.put("/", markup)
    page = shop.visit(ADA_LINK)
    _add(page, markup)
    values = page.eval_on_selector_all(element, "all => all.map(one => one.getAttribute('client-reference-id'))")
    assert values == [given, given]


@pytest.mark.parametrize(
    "query", ["client_reference_id=user_42", "a=1&client_reference_id=", "client%5Freference_id=u"]
)
def test_a_links_own_reference_is_never_overwritten(shop: Shop, query: str) -> None:
    link = f'<a href="{PAYMENT_LINK}?{query}">Buy</a>'
    shop.put("/", link)
    page = shop.visit(ADA_LINK)
    _add(page, link)
    hrefs = page.eval_on_selector_all("a", "links => links.map(link => link.getAttribute('href'))")
    assert hrefs == [f"{PAYMENT_LINK}?{query}"] * 2


def test_reference_set_later_by_the_merchant_is_kept(shop: Shop) -> None:
    shop.put("/", f'<stripe-buy-button></stripe-buy-button><a href="{PAYMENT_LINK}">Buy</a>')
    page = shop.visit(ADA_LINK)
    page.evaluate(
        """link => {
          document.querySelector("stripe-buy-button").setAttribute("client-reference-id", "user_42");
          document.querySelector("a").href = link + "?client_reference_id=user_42";
          return new Promise(requestAnimationFrame);
        }""",
        PAYMENT_LINK,
    )
    assert page.get_attribute("stripe-buy-button", "client-reference-id") == "user_42"
    assert link_reference(page) == "user_42"


def test_links_added_later_are_decorated_at_any_depth(shop: Shop) -> None:
    page = shop.visit(ADA_LINK)
    _add(page, f"<section>text<p><a href='{PAYMENT_LINK}'>Buy</a><stripe-buy-button></stripe-buy-button></p></section>")
    _add(page, "<stripe-pricing-table></stripe-pricing-table>")
    assert link_reference(page) == ADA
    for element in ELEMENTS:
        assert page.get_attribute(element, "client-reference-id") == ADA


@pytest.mark.parametrize("element", ELEMENTS)
def test_stripes_own_elements_see_the_reference_when_added_later(shop: Shop, element: str) -> None:
    shop.put("/", head=f"<script>{STRIPE_ELEMENTS}</script>{SCRIPT_TAG}")
    page = shop.visit(ADA_LINK)
    _add(page, f"<{element}></{element}>")
    assert page.evaluate("name => document.querySelector(name).seen", element) == ADA


@pytest.mark.parametrize("element", ELEMENTS)
def test_stripes_own_elements_see_the_reference_when_their_script_comes_later(shop: Shop, element: str) -> None:
    shop.put("/", f"<{element}></{element}><script>{STRIPE_ELEMENTS}</script>")
    page = shop.visit(ADA_LINK)
    assert page.evaluate("name => document.querySelector(name).seen", element) == ADA


def test_a_link_whose_address_comes_later_is_decorated(shop: Shop) -> None:
    shop.put("/", "<a href='#'>Loading</a>")
    page = shop.visit(ADA_LINK)
    page.evaluate("link => { document.links[0].href = link; return new Promise(requestAnimationFrame) }", PAYMENT_LINK)
    assert link_reference(page) == ADA


def test_a_link_that_a_framework_renders_again_is_decorated_again(shop: Shop) -> None:
    shop.put("/", f"<a href='{PAYMENT_LINK}'>Buy</a>")
    page = shop.visit(ADA_LINK)
    page.evaluate("link => { document.links[0].href = link; return new Promise(requestAnimationFrame) }", PAYMENT_LINK)
    assert link_reference(page) == ADA


def test_a_script_at_the_top_of_the_head_decorates_what_is_parsed_after_it(shop: Shop) -> None:
    late = "<script>window.early = document.links[0].search</script>"
    shop.put("/", f"<a href='{PAYMENT_LINK}'>Buy</a>{late}")
    page = shop.visit(ADA_LINK)
    assert page.evaluate("window.early") == f"?client_reference_id={ADA}"


@pytest.mark.parametrize("how", ["async", "defer", 'type="module"'])
def test_script_loaded_late_decorates_existing_links(shop: Shop, how: str) -> None:
    shop.put("/", f"<a href='{PAYMENT_LINK}'>Buy</a>", head=f'<script src="/checkout.js" {how}></script>')
    assert link_reference(shop.visit(ADA_LINK)) == ADA


def test_a_remembered_partner_decorates_later_pages(shop: Shop) -> None:
    shop.put("/pricing", f"<a href='{PAYMENT_LINK}'>Buy</a>")
    page = shop.visit(ADA_LINK)
    assert link_reference(shop.visit("/pricing", page)) == ADA


def test_a_visitor_without_a_partner_sees_the_page_as_it_was_written(shop: Shop) -> None:
    shop.put("/", f"<a href='{PAYMENT_LINK}'>Buy</a><stripe-buy-button></stripe-buy-button>")
    page = shop.visit("/")
    _add(page, "<stripe-pricing-table></stripe-pricing-table>")
    assert page.get_attribute("a", "href") == PAYMENT_LINK
    for element in ELEMENTS:
        assert page.get_attribute(element, "client-reference-id") is None
