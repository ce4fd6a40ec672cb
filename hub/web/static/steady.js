"use strict";
/* News take nothing away beneath one's hands: what is unfolded stays so, what is pressed waits until it is let go, and
   what is put in answers at once. */
(() => {
  const body = document.body;
  const LONGEST = 10000; /* milliseconds: a press whose end the page is not told of */

  if (window.Idiomorph) Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.localName === "details");

  /* A menu that is put in anew, with the rest or by a piece of its own, is open as it was; what is done in it closes it. */
  const done = new Set(); /* keys of menus in which something was done; by then another answer may have put them in anew */
  let unfolded = [];
  const key = (part) => part.closest("details.menu[data-key]")?.dataset.key;
  body.addEventListener("htmx:beforeRequest", ({ detail }) => { if (detail.requestConfig.verb !== "get" && key(detail.elt)) done.add(key(detail.elt)); });
  addEventListener("toggle", ({ target }) => { if (target.open && target.matches("details.menu")) done.delete(target.dataset.key); }, true);
  const hold = () => {
    unfolded = [...document.querySelectorAll("details.menu[data-key][open]")].map(key).filter((name) => !done.has(name));
  };
  const release = () => {
    for (const name of unfolded) { const menu = document.querySelector(`details.menu[data-key="${name}"]`); if (menu) menu.open = true; }
  };
  for (const name of ["htmx:beforeSwap", "htmx:oobBeforeSwap"]) body.addEventListener(name, hold);
  for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap"]) body.addEventListener(name, release);

  /* htmx listens when it settles, 20 ms later: a press meanwhile would be the browser's own, and load the page anew. */
  for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap"]) body.addEventListener(name, ({ target }) => htmx.process(target));

  let pressed = -LONGEST;
  const late = new Set(); /* the names of the news that came meanwhile */
  const told = (part) => part.getAttribute("hx-trigger")?.match(/live:[\w-]+/g) ?? [];
  addEventListener("pointerdown", ({ button }) => { if (button === 0) pressed = performance.now(); }, true);
  const letGo = () => setTimeout(() => { /* the click comes first */
    pressed = -LONGEST;
    for (const name of late) htmx.trigger(body, name, {});
    late.clear();
  });
  for (const name of ["pointerup", "pointercancel"]) addEventListener(name, letGo, true);
  body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const news = told(detail.requestConfig.elt);
    if (!news.length || performance.now() - pressed > LONGEST) return;
    detail.shouldSwap = false;
    for (const name of news) late.add(name);
  });
})();
