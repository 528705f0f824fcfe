"""The forms of how the owner pays and how a partner is paid: what REST stores, and no IBAN shown whole again."""

from tests.cast import Merchant
from tests.payouts.till import Till

from .conftest import Cashier, CashierOf

PAGE = "/console/settings/payouts"
ACCOUNT = {
    "name": "Acme GmbH",
    "iban": "DE75512108001245126199",
    "street": "Hauptstr. 1",
    "postal_code": "10115",
    "town": "Berlin",
    "country": "DE",
}


def test_account_and_currency_are_set_and_removed(till: Till, cashier_of: CashierOf, merchant: Merchant) -> None:
    owner = cashier_of(merchant, "owner")
    status, refused = owner.sends(PAGE, **ACCOUNT | {"iban": "DE00"})
    assert (status, "debtor.iban" in refused) == (400, True)
    assert 'value="Acme GmbH"' in owner.browser.send(PAGE, **ACCOUNT | {"iban": "DE00"}).text
    assert owner.sends(PAGE, **ACCOUNT) == (303, PAGE)
    shown = till.caller.get("/api/v1/payout-settings").json
    assert (shown["debtor"]["name"], shown["debtor"]["iban"]) == ("Acme GmbH", "DE…6199")
    page = owner.browser.get(PAGE).text
    assert ACCOUNT["iban"] not in page
    assert 'value="Hauptstr. 1"' in page
    assert owner.sends(PAGE, f"{PAGE}/wise", wise_source_currency="euro")[0] == 400
    assert owner.sends(PAGE, f"{PAGE}/wise", wise_source_currency="EUR") == (303, PAGE)
    assert till.caller.get("/api/v1/payout-settings").json["wise_source_currency"] == "eur"
    assert owner.sends(f"{PAGE}/remove-account") == (303, PAGE)
    assert owner.sends(PAGE, f"{PAGE}/wise") == (303, PAGE)
    shown = till.caller.get("/api/v1/payout-settings").json
    assert (shown["debtor"], shown["wise_source_currency"]) == (None, None)
    trail = till.caller.get("/api/v1/audit", action="payout_settings.updated").json["data"]
    assert [entry["actor"][:4] for entry in trail] == ["usr_"] * 4
    assert ACCOUNT["iban"] not in str(trail)


def test_manager_reads_the_settings_and_changes_none(till: Till, cashier: Cashier, stranger: Cashier) -> None:
    page = cashier.browser.get(PAGE).text
    assert f'action="{PAGE}' not in page
    for form in (PAGE, f"{PAGE}/wise", f"{PAGE}/remove-account"):
        assert cashier.sends("/console", form, **ACCOUNT)[0] == 403
    assert cashier.sees(f"{PAGE}/remove-account", 403)
    assert stranger.sends(PAGE, **ACCOUNT)[0] == 303
    assert till.caller.get("/api/v1/payout-settings").json["debtor"] is None


def test_payout_method_of_a_partner_is_set_for_those_who_may(
    till: Till, cashier: Cashier, cashier_of: CashierOf, merchant: Merchant, stranger: Cashier
) -> None:
    page = f"/console/partners/{till.partner('ada')}/payout-method"
    form = f"{page}?method=bank_transfer"
    given = {"account_holder": "Ada Lane", "iban": "DE89370400440532013000", "town": "Berlin"}
    status, refused = cashier.sends(form, **given | {"iban": "DE00"})
    assert (status, "iban" in refused) == (400, True)
    assert 'value="Ada Lane"' in cashier.browser.send(form, **given | {"iban": "DE00"}).text
    assert cashier.sends(form, **given) == (303, page)
    shown = cashier.sees(page)
    assert "The partner is paid by Bank transfer from now on." in shown
    assert "DE…3000" in shown
    assert given["iban"] not in shown
    stored = till.caller.get(f"/api/v1/partners/{till.partner('ada')}/payout-method").json
    assert (stored["method"], stored["destination"]["iban"]) == ("bank_transfer", "DE…3000")
    assert "PayPal does not pay to Nigeria" in cashier.sees(f"{page}?country=ng")
    viewer = cashier_of(merchant, "viewer")
    assert "Bank transfer" in viewer.sees(page)
    assert viewer.sends("/console", f"{page}?method=paypal", email="me@example.com")[0] == 403
    assert stranger.sees(page, 404)
    assert stranger.sends("/console", f"{page}?method=paypal", email="me@example.com")[0] == 404
    assert cashier.sends(page)[0] == 400
