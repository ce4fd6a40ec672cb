"use strict";
/* What a server cannot do: keys, drafts, the stream of changes. Every page works without this file. */
(() => {
  const body = document.body;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

  /* ---- what changes elsewhere: one stream per browser, shared by its tabs, turned into events on <body> ---- */
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("hub-live") : null;
  const due = new Set(); /* a flood becomes one event each 150 ms, and the last one is never lost */
  const fire = (name) => {
    if (due.has(name)) return;
    due.add(name);
    setTimeout(() => { due.delete(name); htmx.trigger(body, name, {}); }, 150);
  };
  const shown = () => new Set($$("[hx-trigger*='live:']").flatMap((part) => part.getAttribute("hx-trigger").match(/live:[\w-]+/g)));
  const heard = (change) => {
    if (change.topic === "listening") { document.documentElement.dataset.live = "on"; return; }
    if (change.topic === "resync") { shown().forEach(fire); return; }
    fire(`live:${change.topic}`);
    for (const id of Object.values(change.ids)) fire(`live:${change.topic}-${id}`);
  };
  const tell = (change) => { heard(change); if (channel) channel.postMessage(change); };
  const cut = (gone) => { const note = $("#cut"); if (note) { note.hidden = !gone; note.textContent = gone ? body.dataset.cut : ""; } };
  const listen = () => new Promise(() => {
    const source = new EventSource(body.dataset.live);
    let lost = null;
    source.addEventListener("open", () => { clearTimeout(lost); lost = null; cut(false); tell({ topic: "listening", ids: {} }); });
    source.addEventListener("change", (event) => tell(JSON.parse(event.data)));
    source.addEventListener("error", () => { lost ??= setTimeout(() => cut(true), 6000); });
    addEventListener("pagehide", () => source.close());
  });
  if (body.dataset.live) {
    if (channel) channel.onmessage = (event) => heard(event.data);
    if (channel && navigator.locks) navigator.locks.request("hub-live", listen); else listen();
  }

  /* ---- notices ---- */
  const say = (text) => { const place = $("#notice"); place.replaceChildren(Object.assign(document.createElement("p"), { textContent: text })); fade(); };
  let fading = null;
  const fade = () => { clearTimeout(fading); fading = setTimeout(() => $("#notice")?.replaceChildren(), $("#notice form") ? 20000 : 7000); };
  if ($("#notice p")) fade();
  body.addEventListener("htmx:oobAfterSwap", (event) => { if (event.detail.target.id === "notice") fade(); });
  body.addEventListener("htmx:responseError", (event) => {
    const told = event.detail.xhr.getResponseHeader("X-Notice");
    say(told ? event.detail.xhr.responseText : body.dataset.failed);
  });
  body.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.xhr.status === 422 && event.detail.xhr.getResponseHeader("X-Notice")) say(event.detail.xhr.responseText); });
  body.addEventListener("htmx:sendError", () => say(body.dataset.failed));

  /* ---- drafts: kept in this browser until the form has been accepted ---- */
  const draftKey = (form) => `draft:${body.dataset.me}:${form.dataset.draft}`;
  const drafted = (form) => $$("textarea[name=text], input[name=subject]", form);
  const keepDraft = (form) => {
    const draft = Object.fromEntries(drafted(form).map((field) => [field.name, field.value]));
    if (draft.text) localStorage.setItem(draftKey(form), JSON.stringify(draft)); else localStorage.removeItem(draftKey(form));
  };
  const wake = (root) => {
    for (const form of $$("form[data-draft]", root)) {
      const kept = JSON.parse(localStorage.getItem(draftKey(form)) ?? "null");
      for (const field of kept ? drafted(form) : []) if (kept[field.name] && !(field.name === "text" && field.value)) field.value = kept[field.name];
    }
    for (const box of $$("#messages", root)) box.scrollTop = box.scrollHeight;
    mark();
  };
  addEventListener("input", (event) => { const form = event.target.closest?.("form[data-draft]"); if (form) keepDraft(form); });
  addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.confirm && !confirm(form.dataset.confirm)) { event.preventDefault(); return; }
    if (form.matches("form[data-draft]") && !event.defaultPrevented) localStorage.removeItem(draftKey(form)); /* htmx has not taken it: a page follows */
  });
  body.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.detail.requestConfig.elt;
    if (event.detail.xhr.status < 400 && form.matches?.("form[data-draft]")) localStorage.removeItem(draftKey(form));
  });

  /* ---- panes ---- */
  const mark = () => {
    for (const line of $$(".line")) {
      if (new URL(line.href).pathname === location.pathname) { line.setAttribute("aria-current", "true"); line.classList.remove("unread"); }
      else line.removeAttribute("aria-current");
    }
  };
  let atEnd = true;
  body.addEventListener("htmx:beforeSwap", (event) => {
    const box = $("#messages");
    atEnd = !box || box.scrollHeight - box.scrollTop - box.clientHeight < 120;
    const active = document.activeElement;
    event.detail.kept = active?.id;
  });
  body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id === "messages") { const box = $("#messages"); if (box && atEnd) box.scrollTop = box.scrollHeight; }
    if (["thread", "list", "rows"].includes(event.detail.target.id) || event.detail.elt.id === "thread") wake(document);
    else mark();
  });
  body.addEventListener("htmx:pushedIntoHistory", mark);
  addEventListener("popstate", () => location.reload());

  /* ---- menus close when one leaves them ---- */
  if (window.Idiomorph) Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.localName === "details"); /* what a person unfolded stays unfolded when the page refreshes itself */
  addEventListener("click", (event) => { for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false; });
  addEventListener("click", (event) => { if (event.target.closest("[data-keys]")) $("#keys").showModal(); });
  addEventListener("change", (event) => { if (event.target.matches("[data-submits]")) event.target.form.requestSubmit(); });
  addEventListener("click", (event) => {
    const wish = event.target.closest("[data-remove]");
    if (!wish) return;
    event.preventDefault();
    const form = wish.closest("form");
    const parts = $$(wish.dataset.remove, form);
    if (parts.length > 1) wish.closest(wish.dataset.remove).remove();
    else for (const field of $$("input, select", parts[0])) field.value = field.tagName === "SELECT" ? field.options[0].value : "";
    form.dispatchEvent(new Event("change", { bubbles: true }));
  });

  /* ---- keys ---- */
  const typing = (target) => target.matches?.("input, textarea, select, [contenteditable]");
  const press = (selector) => { const found = $(selector); if (found) found.click(); return Boolean(found); };
  const focus = (selector) => { const found = $(selector); if (found) found.focus(); return Boolean(found); };
  const step = (by) => {
    const lines = $$(".line, [data-step]");
    if (!lines.length) return false;
    const held = lines.indexOf(document.activeElement.closest?.(".line, [data-step]"));
    const at = held >= 0 ? held : lines.findIndex((line) => line.hasAttribute("aria-current"));
    const next = lines[Math.max(0, Math.min(lines.length - 1, at < 0 ? 0 : at + by))];
    next.focus(); next.scrollIntoView({ block: "nearest" });
    return true;
  };
  const compose = (kind) => {
    const wanted = kind === "note" ? $(".composer [name=kind][value=note]") : $(".composer [name=kind]:checked:not([value=note])") ?? $(".composer [name=kind]:not([value=note])");
    if (!wanted) return false;
    wanted.checked = true; wanted.dispatchEvent(new Event("change", { bubbles: true }));
    return focus(".composer textarea");
  };
  const keys = {
    j: () => step(1), k: () => step(-1), r: () => compose("reply"), n: () => compose("note"),
    e: () => press("[data-key=resolve]"), a: () => choose("[data-key=assign]"), z: () => unfold("[data-key=snooze]"),
    "/": () => focus("[type=search]"), "?": () => { $("#keys").showModal(); return true; },
  };
  const choose = (selector) => { // opens a list: an arrow then chooses, and only Enter takes
    const list = $(selector);
    if (!list) return false;
    list.focus();
    try { list.showPicker(); } catch { /* an older browser: the focus is enough */ }
    return true;
  };
  const unfold = (selector) => { const menu = $(selector); if (!menu) return false; menu.open = true; $("button", menu)?.focus(); return true; };
  let going = 0;
  const escape = (target) => {
    const menu = $("details.menu[open]");
    if (menu) { menu.open = false; $("summary", menu).focus(); return; }
    if (typing(target)) { target.blur(); return; }
    if (!focus(".line[aria-current]")) press("a.back");
    if (getComputedStyle($(".back") ?? body).display !== "none") press("a.back");
  };
  addEventListener("keydown", (event) => {
    if ($("dialog[open]")) return;
    if (event.key === "Escape") { escape(event.target); return; }
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { const form = event.target.form; if (form?.matches(".composer")) { event.preventDefault(); form.requestSubmit($("[data-send]", form)); } return; }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const key = event.key.toLowerCase();
    if (going && Date.now() - going < 1500) { going = 0; if (press(`[data-go="${key}"]`)) { event.preventDefault(); return; } }
    if (key === "g") { going = Date.now(); return; }
    if (keys[key]?.()) event.preventDefault();
  });

  wake(document);
})();
