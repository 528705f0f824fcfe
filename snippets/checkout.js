// Accrual: stores the partner code of the link a visitor came through, and adds it to Stripe checkouts. It sends no data.
(() => {
  "use strict";

  // Errors are ignored here, so that the merchant's checkout always works.
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

    // Codes have at most 200 characters; Stripe refuses the merchant's session if a metadata value is longer than 500.
    const clean = (text) => {
      const value = text.replace(/[\0-\x1f\x7f]/g, "").trim();
      return value.length > 200 || /^(null|undefined)$/i.test(value) ? "" : value;
    };

    // Code and session are read from the same source: a session has priority over a code, so both must be one partner's.
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

    // The cookie is read first, because it has touches of other tabs too.
    let touch = fromMemory(
      (name) => cookieSeconds > 0 && decodeURIComponent(document.cookie.match(`(?:^|; )${name}=([^;]*)`)[1]),
    );
    if (!touch.ref) touch = fromMemory((name) => sessionStorage.getItem(name));

    // A router may have changed the address already; the navigation entry has the original one.
    let arrival = fromUrl(location.href);
    if (!arrival.ref) arrival = fromUrl(attempt(() => performance.getEntriesByType("navigation")[0].name));
    if (arrival.ref || arrival.session) {
      // The last touch wins. The same code without a session is an internal link of the merchant: keep the session.
      const same = !arrival.ref || arrival.ref === touch.ref;
      touch = { ref: arrival.ref || touch.ref, session: arrival.session || (same ? touch.session : "") };
      remember("aff_ref", touch.ref);
      remember("aff_sess", touch.session);
    }

    const metadata = () => {
      const fields = {};
      if (touch.ref) fields.affiliate_id = touch.ref;
      if (touch.session) fields.affiliate_session_id = touch.session;
      return fields;
    };

    // Stripe silently drops a reference with other characters, or with more than 200.
    const clientReferenceId = () => {
      const [code, session] = [touch.ref, touch.session].map((text) => text.replace(/[^\w-]/g, ""));
      const both = code + "--" + session;
      return code ? (session && both.length <= 200 ? both : code) : undefined;
    };

    attempt(() => (window.accrual = { metadata, clientReferenceId }));

    const reference = clientReferenceId();
    if (!reference) return;

    // An existing reference, even an empty one, is the merchant's and does not change.
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
