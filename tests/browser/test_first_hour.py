"""A merchant's first hour with the console: from the sign-in link to a payout that is paid, in a real browser."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app import db
from app.cli.demo import documents
from app.cli.demo.documents import Sale
from app.cli.server import bootstrap
from app.cli.stripe import delivery
from app.config import Settings
from app.runtime import http_client
from tests.conftest import Drain, assert_ledger_sound
from tests.people.conftest import new_link, sign_in
from worker.payouts import reserving

from .looks import look
from .tab import quiet_page

OWNER = "mara@acme.example"
PARTNER = "ada@adareads.example"
SECRET = "whsec_that_stripe_shows_for_the_endpoint"
RESULTS = "reference,status,provider_id,reason\n{},paid,8AB12345CD,\n"


@dataclass
class Hour:
    """The merchant's browser, and what happens outside it."""

    page: Page
    address: str
    drain: Drain
    kept: str | None
    """The folder for pictures."""

    def picture(self, name: str) -> None:
        if self.kept:
            self.page.screenshot(path=Path(self.kept) / f"first-hour-{name}.png")

    def go(self, *names: str) -> None:
        """Follow these links of the page, one after another."""
        for name in names:
            self.page.get_by_role("link", name=name, exact=True).first.click()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def fill(self, **fields: str) -> None:
        """Fill fields by the names that the form sends."""
        for name, value in fields.items():
            self.page.locator(f"main [name={name}]:not([type=hidden])").first.fill(value)

    def says(self, text: str) -> None:
        expect(self.page.locator("body")).to_contain_text(text)

    def stripe_sends(self, webhook_path: str, code: str | None, number: str) -> None:
        """Stripe posts the signed events of a subscription's first payment, and the worker processes them."""
        paid = _sale(code, number)
        for kind, document in (
            ("customer.subscription.created", documents.subscription(paid)),
            ("invoice.paid", documents.invoice(paid)),
            ("invoice_payment.paid", documents.invoice_payment(paid)),
        ):
            event = documents.event(f"evt_{number}_{kind[0]}{len(kind)}", kind, document, paid.paid_at)
            status, _ = delivery.post(self.address + webhook_path, SECRET, event)
            assert status == 200
        self.drain()


def _sale(code: str | None, number: str) -> Sale:
    return Sale(
        number=number,
        customer=f"cus_{number}",
        subscription=f"sub_{number}",
        email=f"{number}@customers.example",
        code=code,
        net_minor=4900,
        tax_minor=980,
        currency="usd",
        paid_at=datetime.now(UTC),
        reason="subscription_create",
    )


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def hour(
    chromium: Browser, address: str, drain: Drain, settings: Settings, request: pytest.FixtureRequest
) -> Iterator[Hour]:
    """The browser of the owner that `accrual bootstrap` made; nothing in it complains, least of all of its policy."""
    with db.transaction() as session:
        bootstrap.make(session, settings, "Acme", OWNER)
    context = chromium.new_context(java_script_enabled=request.param)
    with quiet_page(context) as page:
        look(page, "light", "desktop")
        yield Hour(page, address, drain, request.config.getoption("--screenshots") if request.param else None)


def test_first_hour_leads_from_the_sign_in_link_to_a_paid_payout(hour: Hour, chromium: Browser) -> None:
    page = hour.page
    page.goto(f"{hour.address}/login/{new_link(OWNER)}")
    hour.press("Sign in")
    hour.says("Setup")
    hour.picture("1-setup")
    program_path = create_program(hour)
    invite(hour)
    hour.go("Settings", "Snippet")
    hour.says("/checkout.js")
    webhook_path = connect_stripe(hour)
    hour.stripe_sends(webhook_path, "ada", "first")
    hour.stripe_sends(webhook_path, None, "orphan")
    explain(hour)
    attribute(hour)
    approve(hour)
    choose_payout_method(chromium, hour.address, program_path)
    pay(hour)
    hour.go("Overview")
    hour.says("19.60 USD")
    assert_ledger_sound()


def create_program(hour: Hour) -> str:
    """A program at 20 %, whose effect is shown before it is created; gives its id."""
    hour.go("Programs", "New program")
    hour.fill(name="Acme friends", currency="usd", landing_url="https://www.acme.example/", rate="20")
    hour.fill(holdback_days="30")
    hour.press("Check what a partner earns")
    hour.says("The partner earns")
    hour.picture("2-program")
    hour.press("Create the program")
    expect(hour.page.get_by_role("heading", level=1)).to_have_text("Acme friends")
    return hour.page.url.rpartition("/")[2]


def invite(hour: Hour) -> None:
    """Invite a partner, who joins by the link that the page shows."""
    hour.fill(email=PARTNER, name="Ada Moreno", slug="ada")
    hour.press("Invite a partner")
    link = hour.page.locator("pre").inner_text()
    token = link.rpartition("#")[2]
    body = json.dumps({"name": "Ada Moreno", "token": token}).encode()
    status, _ = http_client.call("POST", f"{hour.address}/v1/public/affiliate/signup", body)
    assert status == 201


def connect_stripe(hour: Hour) -> str:
    """Give the endpoint the secret that Stripe shows; gives the path of its address."""
    hour.go("Settings", "Stripe endpoints")
    hour.page.locator("main tbody a").first.click()
    hour.picture("3-stripe")
    found = re.search(r"/webhooks/stripe/whe_\w+", hour.page.content())
    assert found is not None
    hour.fill(secret=SECRET)
    hour.press("Add the secret")
    hour.says(SECRET[-4:])
    return found[0]


def explain(hour: Hour) -> None:
    """The first event and the first commission, with the sentences that explain it."""
    hour.go("Events")
    hour.says("Commission accrued")
    hour.picture("4-events")
    hour.go("Commissions")
    hour.page.locator("main tbody a").first.click()
    hour.says("20 % of 49.00 USD, rounded half up, is 9.80 USD.")
    hour.picture("5-explanation")


def attribute(hour: Hour) -> None:
    """The payment that names no partner is credited to one, with a reason."""
    hour.go("Overview", "1 payment")
    hour.page.locator("main tbody a").first.click()
    hour.fill(partner="ada", reason="She introduced this customer by mail.")
    hour.press("Credit a partner")
    hour.says("The payment is credited to ada.")


def approve(hour: Hour) -> None:
    """Both commissions are approved at once."""
    hour.go("Commissions", "Approve what these filters select")
    hour.picture("6-approve")
    hour.press("Approve the commissions of 2 payments")
    hour.says("2 payments")


def choose_payout_method(chromium: Browser, address: str, program_id: str) -> None:
    """The partner signs in to the portal and says how it is paid."""
    context = chromium.new_context()
    context.add_cookies([{"name": "accrual_session", "value": sign_in(PARTNER), "url": address}])
    page = context.new_page()
    page.goto(f"{address}/portal/{program_id}/payout-method?method=paypal")
    page.locator("main input[name=email]").fill(PARTNER)
    page.get_by_role("button", name="Save").first.click()
    context.close()


def pay(hour: Hour) -> None:
    """A run is previewed and confirmed, its file downloaded, and the result of the upload imported."""
    hour.go("Payouts", "Preview a payout run")
    hour.page.locator("main select[name=program]").select_option(label="Acme friends")
    hour.press("Show the preview")
    hour.says("19.60 USD")
    hour.picture("7-preview")
    hour.press("Start the run with 1 payout")
    reserving.work_slice(60)
    hour.page.reload()
    hour.page.locator("main section a").first.click()
    with hour.page.expect_download() as downloading:
        hour.press("Download the file")
    written = downloading.value.path().read_text()
    [reference] = set(re.findall(r"\bP[0-9A-Z]{8,}\b", written))
    hour.page.locator(".trail a").last.click()
    hour.picture("8-run")
    hour.go("Import a result file")
    hour.fill(text=RESULTS.format(reference))
    hour.press("Import")
    hour.says("Confirmed as paid")
