"use strict";
/* Calls on every page: how long they last, and a note that is not overwritten while it is typed. */
(() => {
  const two = (number) => String(number).padStart(2, "0");
  const tick = () => {
    for (const time of document.querySelectorAll("[data-since]")) {
      const seconds = Math.max(0, Math.floor((Date.now() - new Date(time.dataset.since)) / 1000));
      time.textContent = `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
    }
  };
  setInterval(tick, 1000);
  /* A bar that was folded stays so on the next page, until another call comes. */
  const calls = (bar) => [...bar.querySelectorAll("[data-call]")].map((one) => one.dataset.call).sort().join();
  const fold = () => {
    const bar = document.querySelector(".call-bar");
    if (bar && sessionStorage.getItem("folded-calls") === calls(bar)) bar.open = false;
  };
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.(".call-bar")) return;
    if (event.target.open) sessionStorage.removeItem("folded-calls");
    else sessionStorage.setItem("folded-calls", calls(event.target));
  }, true);
  document.body.addEventListener("htmx:afterSettle", fold);
  document.body.addEventListener("htmx:afterSettle", tick);
  /* The server's piece comes while somebody types or has chosen: theirs stays. */
  const stays = (old, fresh) => (old.matches?.("[data-jot]") && old === document.activeElement && old.id === fresh.id) || (old.matches?.(".outcomes input") && old.value === fresh.value) || (old.matches?.(".call-back select, .call-back input") && old.name === fresh.name);
  if (window.Idiomorph) Idiomorph.defaults.callbacks.beforeNodeMorphed = (old, fresh) => !stays(old, fresh);
})();
