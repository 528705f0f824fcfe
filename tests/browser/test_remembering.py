"""Whose link brought the visitor, and how long that is known."""

import pytest

from .shop import SNIPPET, Shop, metadata, stored

ADA = {"affiliate_id": "ada-k3x9", "affiliate_session_id": "ses_01"}
ADA_LINK = "/?ref=ada-k3x9&aff_sess=ses_01"


def test_ref_and_aff_sess_go_from_the_address_into_session_storage(shop: Shop) -> None:
    page = shop.visit(ADA_LINK)
    assert stored(page) == {"aff_ref": "ada-k3x9", "aff_sess": "ses_01"}
    assert metadata(page) == ADA


def test_code_and_session_are_kept_across_navigations(shop: Shop) -> None:
    page = shop.visit(ADA_LINK)
    shop.visit("/pricing", page)
    shop.visit("/checkout?step=2", page)
    assert metadata(page) == ADA


def test_code_and_session_survive_a_redirect_to_stripe_and_back(shop: Shop) -> None:
    page = shop.visit(ADA_LINK)
    shop.visit("https://buy.stripe.com/test_abc", page)
    shop.visit("/pricing", page)
    assert metadata(page) == ADA


def test_metadata_of_a_visitor_without_a_link_is_empty(shop: Shop) -> None:
    page = shop.visit("/?utm_source=news")
    assert metadata(page) == {}
    assert stored(page) == {}


def test_metadata_leaves_out_a_missing_session(shop: Shop) -> None:
    page = shop.visit("/?ref=ada-k3x9")
    assert metadata(page) == {"affiliate_id": "ada-k3x9"}
    assert stored(page) == {"aff_ref": "ada-k3x9"}


def test_metadata_leaves_out_a_missing_code(shop: Shop) -> None:
    assert metadata(shop.visit("/?aff_sess=ses_01")) == {"affiliate_session_id": "ses_01"}


def test_parameter_names_can_be_chosen(shop: Shop) -> None:
    shop.put("/", head='<script src="/checkout.js" data-ref-param="via" data-session-param="sid"></script>')
    page = shop.visit("/?via=ada-k3x9&sid=ses_01&ref=producthunt&aff_sess=other")
    assert metadata(page) == ADA
    assert stored(page) == {"aff_ref": "ada-k3x9", "aff_sess": "ses_01"}


def test_a_later_ref_replaces_the_older(shop: Shop) -> None:
    page = shop.visit(ADA_LINK)
    shop.visit("/?ref=ben-77&aff_sess=ses_02", page)
    assert metadata(page) == {"affiliate_id": "ben-77", "affiliate_session_id": "ses_02"}


def test_a_later_ref_is_never_combined_with_the_older_partners_session(shop: Shop) -> None:
    page = shop.visit(ADA_LINK)
    shop.visit("/?ref=ben-77", page)
    assert metadata(page) == {"affiliate_id": "ben-77"}
    assert stored(page) == {"aff_ref": "ben-77"}


def test_the_same_ref_without_a_session_keeps_the_session(shop: Shop) -> None:
    page = shop.visit(ADA_LINK)
    shop.visit("/pricing?ref=ada-k3x9", page)
    assert metadata(page) == ADA


def test_a_new_session_alone_keeps_the_code(shop: Shop) -> None:
    page = shop.visit(ADA_LINK)
    shop.visit("/?aff_sess=ses_02", page)
    assert metadata(page) == {"affiliate_id": "ada-k3x9", "affiliate_session_id": "ses_02"}


def test_a_ref_that_names_no_partner_changes_nothing(shop: Shop) -> None:
    page = shop.visit(ADA_LINK)
    for absent in ("", "%20%09", "null", "undefined", "NULL", "%00", "x" * 201, "%E2%82%AC" * 201, "x" * 30_000):
        shop.visit(f"/?ref={absent}", page)
        assert metadata(page) == ADA, absent


def test_odd_characters_reach_the_metadata_as_they_were_written(shop: Shop) -> None:
    page = shop.visit("/")
    for written, read in {
        "%20ada-k3x9+": "ada-k3x9",
        "ada%00%0D%0A-k3x9": "ada-k3x9",
        "Ada-K3X9": "Ada-K3X9",
        "jos%C3%A9%2B%26%3D%3B%22%3Cb%3E": 'josé+&=;"<b>',
        "%E0%A4%A": "\ufffd%A",
        "x" * 200: "x" * 200,
    }.items():
        shop.visit(f"/?ref={written}", page)
        assert metadata(page) == {"affiliate_id": read}
        shop.visit("/pricing", page)
        assert metadata(page) == {"affiliate_id": read}


def test_navigation_inside_a_single_page_application_keeps_both(shop: Shop) -> None:
    page = shop.visit(ADA_LINK)
    page.evaluate("history.pushState({}, '', '/plans'); history.replaceState({}, '', '/plans?step=2')")
    assert metadata(page) == ADA


def test_a_script_that_comes_after_the_router_still_finds_the_ref(shop: Shop) -> None:
    shop.put("/", head="<script>history.replaceState({}, '', '/home')</script>")
    page = shop.visit(ADA_LINK)
    page.add_script_tag(url="/checkout.js")
    assert metadata(page) == ADA


@pytest.mark.parametrize("how", ["", "async", "defer", 'type="module"'])
@pytest.mark.parametrize("where", ["head", "body"])
def test_the_script_may_be_loaded_in_any_way_and_place(shop: Shop, how: str, where: str) -> None:
    tag = f'<script src="/checkout.js" {how}></script>'
    shop.put("/", tag if where == "body" else "", head=tag if where == "head" else "")
    assert metadata(shop.visit(ADA_LINK)) == ADA


def test_the_script_may_be_pasted_with_its_options(shop: Shop) -> None:
    shop.put("/", head=f'<script data-ref-param="via">{SNIPPET.read_text()}</script>')
    assert metadata(shop.visit("/?via=ada-k3x9&aff_sess=ses_01")) == ADA


def test_the_script_may_stand_on_the_page_twice(shop: Shop) -> None:
    tag = '<script src="/checkout.js"></script>'
    shop.put("/", '<a href="https://buy.stripe.com/x">Buy</a>' + tag, head=tag)
    page = shop.visit(ADA_LINK)
    assert metadata(page) == ADA
    assert page.get_attribute("a", "href") == "https://buy.stripe.com/x?client_reference_id=ada-k3x9--ses_01"


def test_the_script_sends_nothing_by_itself(shop: Shop) -> None:
    shop.visit(ADA_LINK)
    assert [url.rsplit("/", 1)[1] for url in shop.requests] == ["?ref=ada-k3x9&aff_sess=ses_01", "checkout.js"]


DENIED = "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('denied') } })"


def test_without_storage_the_page_itself_remembers(shop: Shop) -> None:
    page = shop.visit("/")
    shop.run_first(page, DENIED)
    shop.visit(ADA_LINK, page)
    page.evaluate("history.pushState({}, '', '/plans')")
    assert metadata(page) == ADA
    assert shop.errors == []
