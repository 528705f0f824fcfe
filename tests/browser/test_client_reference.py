"""The one word Payment Links, Buy Buttons and Pricing Tables carry: letters, digits, dash, underscore, at most 200."""

from .shop import Shop, reference


def test_reference_is_the_code(shop: Shop) -> None:
    assert reference(shop.visit("/?ref=ada-k3x9")) == "ada-k3x9"


def test_reference_is_code_and_session_where_both_are_known(shop: Shop) -> None:
    assert reference(shop.visit("/?ref=ada-k3x9&aff_sess=ses_01")) == "ada-k3x9--ses_01"


def test_reference_is_undefined_without_a_code(shop: Shop) -> None:
    page = shop.visit("/")
    for query in ("ref=", "ref=" + "x" * 201, "aff_sess=ses_01", "ref=%C3%A9%C3%A9"):
        shop.visit(f"/?{query}", page)
        assert page.evaluate("window.accrual.clientReferenceId() === undefined"), query
        assert page.evaluate("JSON.stringify({ reference: window.accrual.clientReferenceId() })") == "{}"


def test_reference_is_always_one_that_stripe_keeps(shop: Shop) -> None:
    page = shop.visit("/")
    for query, expected in (
        ("ref=ada-k3x9.%22%29", "ada-k3x9"),
        ("ref=Ada_K3x9&aff_sess=s%2F0%3D1", "Ada_K3x9--s01"),
        ("ref=ada&aff_sess=%C3%A9", "ada"),
        ("ref=" + "x" * 200, "x" * 200),
        ("ref=" + "x" * 190 + "&aff_sess=" + "y" * 8, "x" * 190 + "--" + "y" * 8),
        ("ref=" + "x" * 190 + "&aff_sess=" + "y" * 9, "x" * 190),
    ):
        shop.visit("/?" + query, page)
        assert reference(page) == expected
