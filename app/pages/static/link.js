// Puts the token of the link, which is behind #, into the form. Without this script the person pastes the link.
const form = document.querySelector("form[data-link]");
const field = form.elements.link;
const token = location.hash.slice(1);

if (token) {
  field.value = token;
  history.replaceState(null, "", location.pathname);
  if (form.dataset.link === "send") form.submit();
  for (const part of [field, ...field.labels]) part.hidden = true;
}
