"""The page an invitation's link leads to: a name, one button, and the key that is shown once.

The token stands behind `#`, where neither a server's log nor a referrer sees it; the page's script sends it.
"""

from typing import Final

from flask import Blueprint, Response

blueprint = Blueprint("join", __name__)

POLICY: Final = "default-src 'self'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Become a partner</title>
<link rel="icon" href="data:,">
<h1>Become a partner</h1>
<form id="join">
  <p><label>Your name, or your company's<br><input name="name" required maxlength="200" autocomplete="name"></label></p>
  <p><button>Accept the invitation</button></p>
</form>
<p id="problem" role="alert"></p>
<div id="joined" hidden>
  <p>You are enrolled. Your code is <b id="code"></b>.</p>
  <p>This is your key. Keep it like a password; it is not shown again:</p>
  <p><code id="key"></code></p>
</div>
<script src="/join/start.js"></script>
</html>
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
