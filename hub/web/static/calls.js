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
  document.body.addEventListener("htmx:afterSettle", tick);
  /* The server's piece comes while somebody types or has chosen: theirs stays. */
  const stays = (old, fresh) => (old.matches?.("[data-jot]") && old === document.activeElement && old.id === fresh.id) || (old.matches?.(".outcomes input") && old.value === fresh.value);
  if (window.Idiomorph) Idiomorph.defaults.callbacks.beforeNodeMorphed = (old, fresh) => !stays(old, fresh);
})();
