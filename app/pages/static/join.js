const token = location.hash.slice(1);
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
  document.querySelector("h1").textContent = "You are a partner";
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
