"use strict";
/* Whoever works by keyboard keeps their place: when a part of the page is put in anew, and when a page follows another. */
(() => {
  const body = document.body;
  const lost = () => !document.activeElement || document.activeElement === body;
  const REACHED = "a[href], button, input:not([type=hidden]), select, textarea, summary";

  const to = (part) => {
    if (!part?.offsetHeight) return false; /* not there, or not seen */
    part.focus({ preventScroll: true });
    if (lost()) { part.tabIndex = -1; part.focus({ preventScroll: true }); } /* a region: read from its beginning */
    return !lost();
  };
  const after = (part) => { /* the next thing one can reach beside it */
    for (let next = part; next; next = next.nextElementSibling) if (next.matches(REACHED)) return next;
    return null;
  };
  const find = (way) => (typeof way === "function" ? way() : document.querySelector(way));

  /* How what takes the place of `at` is found, the nearest first. */
  const ways = (at, refused) => {
    const found = [], before = at.previousElementSibling;
    for (let part = at; part && part !== body; part = part.parentElement) {
      const { key, call } = part.dataset;
      if (key) found.push(part.matches("details") ? `[data-key="${key}"] > summary` : `[data-key="${key}"]`);
      if (call) found.push(`[data-call="${call}"] [data-jot]`, `[data-call="${call}"] button`);
      if (part.matches(".composer")) found.push(refused ? ".composer textarea" : "#messages"); /* keys work there at once */
      if (part.id === "list") found.push("#list .line");
      if (part.id) found.push(`#${CSS.escape(part.id)}`);
    }
    if (at.matches(".more") && before) found.unshift(() => after(before.nextElementSibling));
    return [...found, "#main"];
  };

  const pressed = new WeakMap(); /* request -> where the focus was when it left: a button that waits loses it */
  let held = [];
  body.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (!lost() && detail.elt.contains(document.activeElement)) pressed.set(detail.xhr, document.activeElement);
  });
  body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const waited = lost() && pressed.get(detail.xhr), at = waited || document.activeElement; /* news may have put it in anew before the answer came */
    held = detail.shouldSwap && (waited || detail.target.contains(at)) ? ways(at, detail.xhr.status === 422) : [];
  });
  const reach = (some) => some.some((way) => to(find(way)));
  let missed = [], until = 0; /* what is not there now may come with the next news: a call between two desks */
  const restore = () => {
    if (held.length && lost()) {
      const near = held.slice(0, -1);
      if (reach(near)) return;
      [missed, until] = [near, performance.now() + 5000];
      reach(held);
    } else if (performance.now() < until && (lost() || document.activeElement.id === "main") && reach(missed)) until = 0;
  };
  body.addEventListener("htmx:afterSwap", restore);
  body.addEventListener("htmx:afterSettle", restore);

  /* A dialog gives the focus back to what had it, unless that has been put in anew meanwhile. */
  let beneath = [];
  addEventListener("focusin", ({ target }) => { if (!target.closest("dialog")) beneath = ways(target, false); });
  const shut = () => document.activeElement?.closest("dialog:not([open])"); /* until the next picture is drawn */
  addEventListener("close", () => { if (lost() || shut()) beneath.some((way) => to(find(way))); }, true);

  /* The page after another one of the desk's begins where it begins, not at the rail. */
  addEventListener("pagehide", () => sessionStorage.setItem("came-from-the-desk", "1"));
  if (sessionStorage.getItem("came-from-the-desk") && !document.querySelector("[autofocus]")) {
    to(document.getElementById(location.hash.slice(1))) || to(document.querySelector("#main"));
  }
})();
