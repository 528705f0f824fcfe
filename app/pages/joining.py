"""The pages that mailed links lead to: joining by an invitation, and confirming an address.

The token stands behind `#`, where neither a server's log nor a referrer sees it; the page's script sends it.
"""

from typing import Final

from flask import Blueprint, Response

blueprint = Blueprint("join", __name__)

POLICY: Final = "default-src 'self'; img-src data:; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Become a partner</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/join/style.css">
<main>
  <h1 id="heading">Become a partner</h1>
  <div id="offer" hidden>
    <p><b id="organization"></b> invites you to <b id="program"></b>.</p>
    <p>Your commission on your customers' payments: <b id="rate"></b>.</p>
    <p id="holdback"></p>
  </div>
  <form id="join">
    <label for="name">Your name, or your company's</label>
    <input id="name" name="name" required maxlength="200" autocomplete="name" autofocus>
    <button>Accept the invitation</button>
  </form>
  <p id="problem" role="alert"></p>
  <div id="joined" hidden>
    <p>You are enrolled. Your code is <b id="code"></b>.</p>
    <p id="share">Share this link. You earn a commission when a customer buys through it:</p>
    <p><code id="link"></code></p>
    <p>This is your key. Keep it like a password; it is not shown again:</p>
    <p><code id="key"></code></p>
    <button type="button" id="copy">Copy the key</button>
    <p>With the key you see what you earn: <a href="/docs">the pages of the API</a> show how, under Partner side.</p>
  </div>
</main>
<script src="/join/start.js"></script>
</html>
"""
STYLE: Final = """:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 26rem; margin: 15vh auto 0; padding: 0 1.25rem; }
h1 { font-size: 1.6rem; }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
input, button { margin-top: .5rem; padding: .6rem .75rem; border: 1px solid #8888; border-radius: .4rem; }
button { margin-top: 1rem; border: 0; background: #14532d; color: #fff; cursor: pointer; }
code { display: block; padding: .75rem; border-radius: .4rem; background: #8882; overflow-wrap: anywhere; }
#problem { color: #c2410c; }
"""
START: Final = """const token = location.hash.slice(1);
const form = document.getElementById("join");
const offer = document.getElementById("offer");

function present(invitation) {
  document.getElementById("organization").textContent = invitation.organization_name;
  document.getElementById("program").textContent = invitation.program_name;
  document.getElementById("rate").textContent = invitation.commission_text;
  document.getElementById("holdback").textContent = invitation.holdback_days === null
    ? "The owner approves each commission."
    : `A commission is approved ${invitation.holdback_days} days after the payment.`;
  if (invitation.name) form.elements.name.value = invitation.name;
  offer.hidden = false;
}
const problem = document.getElementById("problem");

function show(answer) {
  document.getElementById("code").textContent = answer.code;
  document.getElementById("key").textContent = answer.api_key;
  document.getElementById("link").textContent = answer.link;
  if (!answer.link) {
    document.getElementById("share").textContent =
      "Your link works once the owner of the program has set the page it leads to. Ask them for it.";
    document.getElementById("link").hidden = true;
  }
  document.getElementById("heading").textContent = "You are a partner";
  document.getElementById("copy").addEventListener("click", async (event) => {
    await navigator.clipboard.writeText(answer.api_key);
    event.target.textContent = "Copied";
  });
  document.getElementById("joined").hidden = false;
  form.hidden = true;
  offer.hidden = true;
  history.replaceState(null, "", location.pathname);
}

async function call(path, body, use) {
  problem.textContent = "";
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (response.ok) use(answer);
    else refuse(response.status, answer.error);
  } catch {
    problem.textContent = "The server cannot be reached. Try again.";
  }
}

function refuse(status, error) {
  if (status === 429) {
    problem.textContent = "Too many requests came from your network. Wait a minute, then try again.";
  } else if (error.code === "invitation_not_found") {
    form.hidden = true;
    offer.hidden = true;
    problem.textContent =
      "This link was used already, or has expired. Ask the person who invited you for a new one.";
  } else {
    problem.textContent = error.message;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  call("/v1/public/affiliate/signup", { token, name: form.elements.name.value }, show);
});

if (token) call("/v1/public/affiliate/invitation", { token }, present);
else {
  form.hidden = true;
  problem.textContent = "This link is not complete. Copy all of it from the message you got.";
}
"""


CONFIRM_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Confirm your address</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/join/style.css">
<main>
  <h1>Confirm your address</h1>
  <form id="confirm">
    <p>Confirm only if you signed up yourself, with the code that is beside the link in the mail.</p>
    <button>Confirm this address</button>
  </form>
  <p id="problem" role="alert"></p>
  <div id="confirmed" hidden>
    <p>Your address is confirmed. Your code is <b id="code"></b>.</p>
    <p id="next"></p>
  </div>
</main>
<script src="/confirm/start.js"></script>
</html>
"""
CONFIRM_START: Final = """const token = location.hash.slice(1);
const form = document.getElementById("confirm");
const problem = document.getElementById("problem");

function show(answer) {
  document.getElementById("code").textContent = answer.code;
  document.getElementById("next").textContent = answer.status === "pending"
    ? "The owner of the program approves you next. Until then your link earns nothing."
    : "Your link earns from now on.";
  document.getElementById("confirmed").hidden = false;
  form.hidden = true;
  history.replaceState(null, "", location.pathname);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = "";
  try {
    const response = await fetch("/v1/public/affiliate/confirmation", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    const answer = await response.json();
    if (response.ok) show(answer);
    else if (response.status === 429) {
      problem.textContent = "Too many requests came from your network. Wait a minute, then try again.";
    } else problem.textContent = answer.error.message;
  } catch {
    problem.textContent = "The server cannot be reached. Try again.";
  }
});

if (!token) problem.textContent = "This link is not complete. Copy all of it from the message you got.";
"""


@blueprint.get("/join")
def page() -> Response:
    """Joining."""
    return _html(PAGE)


@blueprint.get("/confirm")
def confirm_page() -> Response:
    """Confirming an address. It changes nothing until its button is used: programs open the links of mails too."""
    return _html(CONFIRM_PAGE)


@blueprint.get("/confirm/start.js")
def confirm_start() -> Response:
    """The script of the page that confirms."""
    return Response(CONFIRM_START, mimetype="text/javascript")


@blueprint.get("/join/start.js")
def start() -> Response:
    """Its script; a file of its own, because the page allows no inline script."""
    return Response(START, mimetype="text/javascript")


@blueprint.get("/join/style.css")
def style() -> Response:
    """How it looks; a file of its own for the same reason."""
    return Response(STYLE, mimetype="text/css")


def _html(text: str) -> Response:
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
    return Response(text, mimetype="text/html", headers=headers)
