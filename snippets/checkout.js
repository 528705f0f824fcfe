// Accrual: remembers the code of a partner's link, for Stripe checkouts.
(function attempt(work) {
  try {
    return work(attempt);
  } catch (error) {} // the checkout always works
})((attempt) => {
  const options = attempt(() => document.currentScript.dataset) || {};
  const words = (text) => text.match(/[^\s,]+/g) || [];
  const domains = words("buy.stripe.com book.stripe.com donate.stripe.com " + (options.linkDomains || "").toLowerCase());
  const days = options.cookieDays === undefined ? 30 : +options.cookieDays;
  const none = ["", "", 0]; // code, session, end
  const ours = new WeakMap();
  let consent = options.consent !== "pending" || 0;
  let touch = none;
  let address, asked, held, reference;

  const clean = (text) => {
    const value = text.replace(/[\0-\x1f\x7f]/g, "").trim();
    return value[200] || /^(null|undefined)$/i.test(value) ? "" : value;
  };
  const read = (get, names) => names.map((name) => attempt(() => clean(get(name))) || "");
  const parse = (url) => {
    const get = (name) => new URL(url).searchParams.get(name);
    return [read(get, words(options.refParam || "ref")).find(Boolean), ...read(get, [options.sessionParam || "aff_sess"])];
  };
  const load = (get) =>
    attempt(() => {
      const [ref, session, until] = JSON.parse(decodeURIComponent(get()));
      return days > 0 && [clean(ref), clean(session), until];
    }) || none;

  const recall = () => {
    look();
    const cookie = load(() => document.cookie.match(/(?:^|; )aff_touch=([^;]*)/)[1]);
    const stored = load(() => localStorage.getItem("aff_touch"));
    const known = [touch, cookie, stored].sort((a, b) => b[2] - a[2])[0];
    if (known[2] > Date.now()) return known;
    if (known[2]) write(none);
    return read((name) => sessionStorage.getItem(name), ["aff_ref", "aff_sess"]);
  };
  const write = (value) => {
    touch = value;
    const stored = days > 0 && touch[2] ? encodeURIComponent(JSON.stringify(touch)) : "";
    const save = (store, name, text) => attempt(() => (text ? store().setItem(name, text) : store().removeItem(name)));
    const cookie = (text, domain) =>
      attempt(() => {
        const seconds = (text && (touch[2] - Date.now()) / 1000) | 0;
        const secure = location.protocol === "https:" ? "secure" : "";
        document.cookie = `aff_touch=${text};path=/;samesite=lax;max-age=${seconds};domain=${domain};${secure}`;
      });
    save(() => sessionStorage, "aff_ref", touch[0]);
    save(() => sessionStorage, "aff_sess", touch[1]);
    save(() => localStorage, "aff_touch", stored);
    cookie("", "");
    cookie(stored, options.cookieDomain || "");
  };
  const keep = (value) => {
    held = 0;
    touch = value;
    if (consent) write(value);
    show();
  };

  const ask = (method, value) => {
    if (!options.memory) return;
    attempt(() => (sessionStorage.aff_asked = 1));
    asked = (async () => {
      await asked;
      const body = value && JSON.stringify({ code: value[0], session: value[1] });
      const signal = AbortSignal.timeout(3000);
      const answer = await fetch(options.memory, { method, body, signal, credentials: "include", keepalive: true });
      const { code, session, expires_at, unknown } = await answer.json();
      if (!consent) return;
      if (held && !unknown[0]) keep(held);
      held = 0;
      const known = recall();
      const until = Date.parse(expires_at);
      if (code && ([code, ...unknown].includes(known[0]) || !(until < known[2]))) keep([code, session || "", until]);
    })().catch(() => held && keep(held));
  };

  const look = () => {
    if (consent === false || address === location.href) return;
    let [ref, session] = parse(location.href);
    if (!address && !ref) [ref, session] = parse(attempt(() => performance.getEntriesByType("navigation")[0].name));
    address = location.href;
    if (!ref && !session) return;
    const known = recall();
    const same = !ref || ref === known[0];
    const value = [ref || known[0], session || (same ? known[1] : ""), Date.now() + (days > 0 ? days : 1e5) * 864e5];
    if (consent) ask("POST", value);
    if (asked && known[0] && !same && !session) held = value;
    else keep(value);
  };

  const metadata = () => {
    const [ref, session] = recall();
    const fields = {};
    if (ref) fields.affiliate_id = ref;
    if (session) fields.affiliate_session_id = session;
    return fields;
  };
  const clientReferenceId = () => {
    const [code, session] = recall().map((text) => `${text}`.replace(/[^\w-]/g, ""));
    const both = code + "--" + session;
    return (code && session && !both[200] ? both : code) || undefined;
  };

  const mark = (node) =>
    attempt(() => {
      const link = node.localName === "a" && domains.includes(node.hostname);
      if (!link && !/^stripe-(buy-button|pricing-table)$/.test(node.localName)) return;
      const name = link ? "client_reference_id" : "client-reference-id";
      const value = link ? new URLSearchParams(node.search).get(name) : node.getAttribute(name);
      if (value === reference || (value !== null && value !== ours.get(node))) return;
      ours.set(node, reference);
      if (!link) return reference ? node.setAttribute(name, reference) : node.removeAttribute(name);
      const search = node.search.replace(/.client_reference_id=[^&]*/, "");
      node.search = reference ? search + (search ? "&" : "?") + name + "=" + reference : search;
    });
  const markAll = (root) =>
    attempt(() => root.querySelectorAll("a[href],stripe-buy-button,stripe-pricing-table").forEach(mark));
  const show = () => {
    reference = clientReferenceId() || null;
    markAll(document);
  };

  const start = () => {
    look();
    if (consent && !asked && !attempt(() => sessionStorage.aff_asked)) ask("GET");
    show();
  };
  const api = {
    metadata,
    clientReferenceId,
    ready: async (callback) => {
      await 0;
      look();
      callback(await asked);
    },
    consent: (given) => {
      if (given === consent) return;
      const [ref] = recall();
      consent = given;
      address = held = 0;
      touch = none;
      if (given) return start();
      write(none);
      show();
      if (ref) ask("DELETE");
      attempt(() => delete sessionStorage.aff_asked);
    },
  };
  attempt(() => accrual.q.forEach(([name, value]) => api[name](value)));
  attempt(() => (window.accrual = api));
  start();
  attempt(() => addEventListener("DOMContentLoaded", start));
  new MutationObserver((records) =>
    attempt(() => {
      look();
      records.forEach(({ target, addedNodes }) => {
        mark(target);
        addedNodes.forEach((node) => reference && (mark(node), markAll(node)));
      });
    }),
  ).observe(document, { childList: true, subtree: true, attributeFilter: ["href"] });
});
