"""What a merchant copies into its website for a program: the script tag, and the code around it. Pure."""

from typing import Final
from urllib.parse import urlsplit

from app import domains
from app.immutable import immutable
from app.touchpoints.targets import host_of

CHECKOUT: Final = """\
const referral = window.accrual ? accrual.metadata() : {};
await fetch("/create-checkout-session", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ plan, referral }),
});"""
SERVER: Final = """\
keys = ("affiliate_id", "affiliate_session_id")
referral = {key: str(body["referral"][key]) for key in keys if body.get("referral", {}).get(key)}

# a subscription
stripe.checkout.Session.create(mode="subscription", ..., subscription_data={"metadata": referral})

# a one-time payment
stripe.checkout.Session.create(mode="payment", ..., payment_intent_data={"metadata": referral})"""
_VISIT: Final = """\
<script>
  const arrived = new URLSearchParams(location.search);
  if (arrived.get("ref") && !arrived.get("aff_sess"))
    fetch("%s/v1/touchpoints", {
      method: "POST",
      body: JSON.stringify({
        code: arrived.get("ref"),
        program_id: "%s",
        session: window.accrual && accrual.metadata().affiliate_session_id,
        landing: location.href,
        referrer: document.referrer,
      }),
    })
      .then((answer) => answer.json())
      .then(({ session }) => sessionStorage.setItem("aff_sess", session))
      .catch(() => {});
</script>"""


@immutable
class Snippet:
    """What is copied for a program.

    Attributes:
        tag: the script tag with the program's values.
        checkout: how the page hands the partner to the merchant's server.
        server: how the server hands it to Stripe.
        visit: how a page reports a visit that did not come through a link of Accrual's.
        remembers: whether the server may remember visitors: it is on the domain of the program's pages, over https.
    """

    tag: str
    checkout: str
    server: str
    visit: str
    remembers: bool


def of_program(
    public_url: str, program_id: str, *, landing_url: str | None, window_days: int, cookie_domain: str | None
) -> Snippet:
    """The code for a program's pages.

    Args:
        public_url: the address of this installation.
        program_id: `prog_…`.
        landing_url: the program's landing page.
        window_days: how long a visit counts.
        cookie_domain: the domain of the owner's cookie.
    """
    page_host = host_of(landing_url or "").partition(":")[0]
    own_host = urlsplit(public_url).hostname or ""
    remembers = public_url.startswith("https://") and domains.site_of(page_host) == domains.site_of(own_host)
    attributes = [f'src="{public_url}/checkout.js"', f'data-cookie-days="{window_days}"']
    if cookie_domain is not None and f".{page_host}".endswith(f".{cookie_domain}"):
        attributes.append(f'data-cookie-domain="{cookie_domain}"')
    if remembers:
        attributes.append(f'data-memory="{public_url}/v1/memory?program={program_id}"')
    lines = "\n".join(f"  {attribute}" for attribute in attributes)
    return Snippet(f"<script\n{lines}\n></script>", CHECKOUT, SERVER, _VISIT % (public_url, program_id), remembers)
