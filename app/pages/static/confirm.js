const token = location.hash.slice(1);
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

if (!token) {
  form.hidden = true;
  problem.textContent = "This link is not complete. Copy all of it from the message you got.";
}
