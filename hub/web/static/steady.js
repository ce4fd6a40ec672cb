"use strict";
/* News take nothing away beneath one's hands: what is unfolded stays so, what is pressed waits until it is let go, and
   what is put in answers at once. */
(() => {
  const body = document.body;
  const LONGEST = 10000; /* milliseconds: a press whose end the page is not told of */

  if (window.Idiomorph) Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.localName === "details");

  /* A menu that is put in anew, with the rest or by a piece of its own, is open as it was; what is done in it closes it. */
  let unfolded = [], asking = null;
  const hold = ({ detail }) => {
    asking = detail.requestConfig?.elt ?? asking;
    const open = [...document.querySelectorAll("details.menu[data-key][open]")].map((menu) => menu.dataset.key);
    const done = asking?.closest?.("details.menu")?.dataset.key; /* by its name: news may have put it in anew since it was pressed */
    unfolded = open.filter((key) => key !== done);
  };
  const release = () => {
    for (const key of unfolded) { const menu = document.querySelector(`details.menu[data-key="${key}"]`); if (menu) menu.open = true; }
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
