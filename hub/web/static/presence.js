"use strict";
/* Who else has this conversation open. Pages tell each other through the server, which keeps nothing. */
(() => {
  const AGAIN = 20000, GONE = 50000, STILL = 6000; /* milliseconds: say it again, no longer here, no longer typing */
  const me = document.body.dataset.me;
  const heard = new Map(); /* member of staff -> { doing, at } */
  let place = null; /* the address of the open conversation's presence */
  let doing = "", said = 0, typed = 0, shown = "";

  const bar = () => document.querySelector("#presence");
  const say = (what, fresh = false) => {
    if (!place) return;
    doing = what;
    said = Date.now();
    const form = new FormData();
    form.set("csrf", JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"]);
    form.set("doing", what);
    if (fresh) form.set("new", "1");
    if (what === "left") navigator.sendBeacon(place, form);
    else fetch(place, { method: "POST", body: form }).catch(() => {}); /* said again soon */
  };
  const show = async () => {
    const now = Date.now(), query = new URLSearchParams();
    for (const [who, one] of heard) if (now - one.at > GONE) heard.delete(who); else query.append(one.doing, who);
    const wanted = `${place}?${query}`;
    if (!place || !bar() || wanted === shown) return;
    shown = wanted;
    if (![...query].length) { bar().replaceChildren(); return; }
    const answer = await fetch(wanted, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (answer?.ok && wanted === shown && bar()) bar().innerHTML = await answer.text(); /* ours, escaped by the template */
  };
  const enter = () => { /* the page shows another conversation, or none */
    const next = bar()?.dataset.presence ?? null;
    if (next === place) return;
    if (place) say("left");
    place = next;
    heard.clear();
    shown = "";
    if (place && !document.hidden) say("look", true);
  };

  addEventListener("hub:presence", (event) => {
    const { conversation, staff, doing: what, asks } = event.detail;
    if (staff === me || !place?.includes(conversation)) return;
    if (what === "left") heard.delete(staff); else heard.set(staff, { doing: what, at: Date.now() });
    if (asks && !document.hidden) say(doing === "type" ? "type" : "look");
    show();
  });
  addEventListener("input", (event) => {
    if (!event.target.matches?.(".composer textarea[name=text]") || !place) return;
    typed = Date.now();
    if (doing !== "type" || Date.now() - said > AGAIN / 2) say("type");
  });
  document.body.addEventListener("htmx:afterSettle", () => { enter(); if (bar() && !bar().childElementCount) { shown = ""; show(); } });
  document.addEventListener("visibilitychange", () => say(document.hidden ? "left" : "look", !document.hidden));
  addEventListener("pagehide", () => say("left"));
  setInterval(() => {
    if (!place || document.hidden) return;
    if (doing === "type" && Date.now() - typed > STILL) say("look");
    else if (Date.now() - said > AGAIN) say(doing === "type" ? "type" : "look");
    show();
  }, 2000);
  /* one says so once the stream is open: whoever answers is heard */
  if (document.documentElement.dataset.live) enter();
  else { addEventListener("hub:listening", enter); setTimeout(enter, 2000); } /* another tab may hold the stream already */
})();
