// Accrual: remembers whose link brought a visitor and hands the name to Stripe. It sends nothing itself.
(() => {
  "use strict";

  // The only try: whatever fails in here, the merchant's checkout goes on.
  const attempt = (work) => {
    try {
      return work();
    } catch (error) {
      return undefined;
    }
  };

  attempt(() => {
    const options = attempt(() => document.currentScript.dataset) || {};
    const domains = (options.linkDomains || "").toLowerCase().match(/[^\s,]+/g) || [];
    const linkHosts = ["buy.stripe.com", "book.stripe.com", "donate.stripe.com"].concat(domains);
    const cookieSeconds = Math.round(options.cookieDays * 86400);

    // No code is longer than 200, and a value over 500 makes Stripe refuse the merchant's session.
    const clean = (text) => {
      const value = text.replace(/[\0-\x1f\x7f]/g, "").trim();
      return value.length > 200 || /^(null|undefined)$/i.test(value) ? "" : value;
    };

    // Code and session come from one place: a session outranks a code, so it must not be another partner's.
    const readTouch = (read, refName, sessionName) => ({
      ref: attempt(() => clean(read(refName))) || "",
      session: attempt(() => clean(read(sessionName))) || "",
    });
    const fromUrl = (url) =>
      readTouch(
        (name) => new URL(url).searchParams.get(name),
        options.refParam || "ref",
        options.sessionParam || "aff_sess",
      );
    const fromMemory = (read) => readTouch(read, "aff_ref", "aff_sess");

    const remember = (name, value) => {
      attempt(() => (value ? sessionStorage.setItem(name, value) : sessionStorage.removeItem(name)));
      attempt(() => {
        if (!(cookieSeconds > 0)) return;
        document.cookie =
          `${name}=${encodeURIComponent(value)};path=/;samesite=lax;max-age=${value ? cookieSeconds : 0}` +
          (options.cookieDomain ? ";domain=" + options.cookieDomain : "") +
          (location.protocol === "https:" ? ";secure" : "");
      });
    };

    // The cookie comes first: it knows of touches in other tabs.
    let touch = fromMemory(
      (name) => cookieSeconds > 0 && decodeURIComponent(document.cookie.match(`(?:^|; )${name}=([^;]*)`)[1]),
    );
    if (!touch.ref) touch = fromMemory((name) => sessionStorage.getItem(name));

    // A router may have rewritten the address already; the navigation entry keeps the original.
    let arrival = fromUrl(location.href);
    if (!arrival.ref) arrival = fromUrl(attempt(() => performance.getEntriesByType("navigation")[0].name));
    if (arrival.ref || arrival.session) {
      // The last touch wins. The same code without a session is a link of the merchant's own: keep the session.
      const same = !arrival.ref || arrival.ref === touch.ref;
      touch = { ref: arrival.ref || touch.ref, session: arrival.session || (same ? touch.session : "") };
      remember("aff_ref", touch.ref);
      remember("aff_sess", touch.session);
    }

    const metadata = () => {
      const found = {};
      if (touch.ref) found.affiliate_id = touch.ref;
      if (touch.session) found.affiliate_session_id = touch.session;
      return found;
    };

    // Stripe silently drops a reference with any other character, or longer than 200.
    const clientReferenceId = () => {
      const [code, session] = [touch.ref, touch.session].map((text) => text.replace(/[^\w-]/g, ""));
      const both = code + "--" + session;
      return code ? (session && both.length <= 200 ? both : code) : undefined;
    };

    attempt(() => (window.accrual = { metadata, clientReferenceId }));

    const reference = clientReferenceId();
    if (!reference) return;

    // A reference that is there already, even an empty one, is the merchant's.
    const decorate = (node) =>
      attempt(() => {
        if (/^stripe-(buy-button|pricing-table)$/.test(node.localName)) {
          if (!node.hasAttribute("client-reference-id")) node.setAttribute("client-reference-id", reference);
        } else if (node.localName === "a" && linkHosts.includes(node.hostname)) {
          if (new URLSearchParams(node.search).has("client_reference_id")) return;
          node.search += (node.search ? "&" : "?") + "client_reference_id=" + reference;
        }
      });
    const decorateAll = (root) =>
      attempt(() => {
        decorate(root);
        root.querySelectorAll("a[href],stripe-buy-button,stripe-pricing-table").forEach(decorate);
      });

    decorateAll(document);
    attempt(() => addEventListener("DOMContentLoaded", () => decorateAll(document)));
    const observer = new MutationObserver((records) =>
      attempt(() =>
        records.forEach(({ target, addedNodes }) => {
          decorate(target);
          addedNodes.forEach((node) => node.querySelectorAll && decorateAll(node));
        }),
      ),
    );
    observer.observe(document, { childList: true, subtree: true, attributeFilter: ["href"] });
  });
})();
