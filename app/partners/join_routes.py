"""The page an invitation's link leads to: a name, one button, and the key that is shown once.

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
  <h1>Become a partner</h1>
  <form id="join">
    <label for="name">Your name, or your company's</label>
    <input id="name" name="name" required maxlength="200" autocomplete="name" autofocus>
    <button>Accept the invitation</button>
  </form>
  <p id="problem" role="alert"></p>
  <div id="joined" hidden>
    <p>You are enrolled. Your code is <b id="code"></b>.</p>
    <p>This is your key. Keep it like a password; it is not shown again:</p>
    <p><code id="key"></code></p>
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
const problem = document.getElementById("problem");

function show(answer) {
  document.getElementById("code").textContent = answer.code;
  document.getElementById("key").textContent = answer.api_key;
  document.getElementById("joined").hidden = false;
  form.hidden = true;
  history.replaceState(null, "", location.pathname);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = "";
  try {
    const response = await fetch("/v1/public/affiliate/signup", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token, name: form.elements.name.value }),
    });
    const answer = await response.json();
    if (response.ok) show(answer);
    else problem.textContent = answer.error.message;
  } catch {
    problem.textContent = "The server cannot be reached. Try again.";
  }
});

if (!token) problem.textContent = "This link is not complete. Open it as you got it.";
"""


@blueprint.get("/join")
def page() -> Response:
    """The page."""
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
    return Response(PAGE, mimetype="text/html", headers=headers)


@blueprint.get("/join/start.js")
def start() -> Response:
    """Its script; a file of its own, because the page allows no inline script."""
    return Response(START, mimetype="text/javascript")


@blueprint.get("/join/style.css")
def style() -> Response:
    """How it looks; a file of its own for the same reason."""
    return Response(STYLE, mimetype="text/css")
