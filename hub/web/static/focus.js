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
    return document.activeElement === part;
  };
  const after = (part) => { /* the next thing one can reach beside it */
    for (let next = part; next; next = next.nextElementSibling) if (next.matches(REACHED)) return next;
    return null;
  };
  const find = (way) => (typeof way === "function" ? way() : document.querySelector(way));
  const reach = (ways) => ways.some((way) => to(find(way)));

  /* How what takes the place of `at` is found, the nearest first; and the regions it stood in, while it is not there. */
  const places = (at, refused = false) => {
    const own = [], regions = [], before = at.previousElementSibling;
    for (let part = at; part && part !== body; part = part.parentElement) {
      const { key, call } = part.dataset;
      if (key) own.push(part.matches("details") ? `[data-key="${key}"] > summary` : `[data-key="${key}"]`);
      if (call) own.push(`[data-call="${call}"] [data-jot]`, `[data-call="${call}"] button`);
      if (part.matches(".composer")) own.push(refused ? ".composer textarea" : "#messages"); /* keys work there at once */
      if (part.id === "list") own.push("#list .line");
      if (part.id) (part === at || part.matches(REACHED) ? own : regions).push(`#${CSS.escape(part.id)}`);
    }
    if (at.matches(".more") && before) own.unshift(() => after(before.nextElementSibling));
    return { own, regions: [...regions, "#main"] };
  };

  /* What is not there now may come with the next news (a call between two desks) or be waiting for its answer:
     until then a region stands in for it, and is left for it as long as nobody has gone elsewhere. */
  const WHILE = 5000; /* milliseconds */
  let sought = null;
  const standing = () => Boolean(sought?.instead) && document.activeElement?.id === sought.instead; /* itself, or what was put in its place */
  const seek = () => {
    if (!sought || performance.now() > sought.until || !(lost() || standing())) return;
    if (reach(sought.own) || !lost()) return;
    if (reach(sought.regions)) sought.instead = document.activeElement.id;
  };
  const pressed = new WeakMap(); /* request -> where the focus was when it left: a button that waits loses it */
  const leaves = ({ detail }) => {
    if (!detail.shouldSwap) return;
    const free = lost() || standing(), waited = free && pressed.get(detail.xhr); /* news may have put it in anew before the answer came */
    if (!waited && (free || !detail.target.contains(document.activeElement))) return;
    sought = { ...places(waited || document.activeElement, detail.xhr?.status === 422), until: performance.now() + WHILE, instead: "" };
  };
  body.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (!lost() && !standing() && detail.elt.contains(document.activeElement)) pressed.set(detail.xhr, document.activeElement);
  });
  for (const name of ["htmx:beforeSwap", "htmx:oobBeforeSwap"]) body.addEventListener(name, leaves);
  for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap", "htmx:afterSettle", "htmx:afterRequest"]) body.addEventListener(name, seek);
  addEventListener("focusout", ({ relatedTarget }) => { if (!relatedTarget) requestAnimationFrame(seek); });
  addEventListener("pointerdown", () => { sought = null; }, true); /* gone elsewhere, perhaps to nothing */

  /* A dialog gives the focus back to what had it, unless that has been put in anew meanwhile. */
  let beneath = { own: [], regions: [] };
  addEventListener("focusin", ({ target }) => { if (!target.closest("dialog")) beneath = places(target); });
  const shut = () => document.activeElement?.closest("dialog:not([open])"); /* until the next picture is drawn */
  addEventListener("close", () => { if (lost() || shut()) reach(beneath.own) || reach(beneath.regions); }, true);

  /* The page after another one of the desk's begins where it begins, not at the rail. */
  addEventListener("pagehide", () => sessionStorage.setItem("came-from-the-desk", "1"));
  if (sessionStorage.getItem("came-from-the-desk") && !document.querySelector("[autofocus]")) {
    to(document.getElementById(location.hash.slice(1))) || to(document.querySelector("#main"));
  }
})();
