"use strict";
/* What a server cannot do: keys, drafts, the stream of changes. Every page works without this file. */
(() => {
  const body = document.body;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

  /* ---- what changes elsewhere: one stream per browser, shared by its tabs, turned into events on <body> ---- */
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("hub-live") : null;
  const due = new Set(); /* a flood becomes one event each 150 ms, and the last one is never lost */
  const asked = new Map(); /* of each request that is under way: what was told since it left */
  const fire = (name, echo = false) => {
    for (const since of asked.values()) since.add(name);
    if (due.has(name)) return;
    due.add(name);
    setTimeout(() => { due.delete(name); htmx.trigger(body, name, {}); if (!echo) repeat(name); }, 150);
  };
  const echoes = new Set(); /* a part with a throttle passes over what comes meanwhile, also the last: it is told once more */
  const repeat = (name) => {
    if (echoes.has(name) || !$(`[hx-trigger*="${name} from:body throttle"]`)) return;
    echoes.add(name);
    setTimeout(() => { echoes.delete(name); fire(name, true); }, 2100);
  };
  const named = (part) => part.getAttribute?.("hx-trigger")?.match(/live:[\w-]+/g) ?? [];
  const shown = (place = document) => new Set([...$$("[hx-trigger*='live:']", place), place].flatMap(named));
  body.addEventListener("htmx:beforeSend", (event) => asked.set(event.detail.xhr, new Set()));
  body.addEventListener("htmx:afterRequest", (event) => setTimeout(() => asked.delete(event.detail.xhr), 1000)); /* it has settled by then */
  body.addEventListener("htmx:afterSettle", (event) => { /* a part that was made before something was told looks once more */
    const since = asked.get(event.detail.xhr) ?? new Set();
    const hears = new Set(named(event.detail.requestConfig.elt)); /* has looked again by itself */
    for (const name of shown(event.detail.elt)) if (since.has(name) && !hears.has(name)) fire(name);
  });
  let last = null; /* where the stream goes on when another tab takes it over */
  const heard = (change) => {
    last = change.id || last;
    if (change.topic === "listening") { document.documentElement.dataset.live = "on"; dispatchEvent(new Event("hub:listening")); return; }
    if (change.topic === "presence") { dispatchEvent(new CustomEvent("hub:presence", { detail: change.ids })); return; }
    if (change.topic === "resync") { shown().forEach((name) => fire(name)); return; }
    fire(`live:${change.topic}`);
    for (const id of Object.values(change.ids)) fire(`live:${change.topic}-${id}`);
  };
  const tell = (change) => { heard(change); if (channel) channel.postMessage(change); };
  const cut = (gone) => { const note = $("#cut"); if (note) { note.hidden = !gone; note.textContent = gone ? body.dataset.cut : ""; } };
  const listen = () => new Promise(() => {
    const place = new URL(body.dataset.live, location.href);
    if (last) place.searchParams.set("after", last);
    const source = new EventSource(place);
    let lost = null;
    source.addEventListener("open", () => { clearTimeout(lost); lost = null; cut(false); tell({ topic: "listening", ids: {} }); });
    source.addEventListener("change", (event) => tell({ ...JSON.parse(event.data), id: event.lastEventId }));
    source.addEventListener("error", () => { lost ??= setTimeout(() => cut(true), 6000); });
    addEventListener("pagehide", () => source.close());
  });
  if (body.dataset.live) {
    if (channel) channel.onmessage = (event) => heard(event.data);
    if (channel && navigator.locks) navigator.locks.request("hub-live", listen); else listen();
  }

  /* On a telephone the rooms and the settings stand in rows that are longer than the screen. */
  for (const here of $$(".rail .room[aria-current], .rules [aria-current]")) here.scrollIntoView({ block: "nearest", inline: "center" });

  /* ---- notices ---- */
  const say = (text) => { const place = $("#notice"); place.replaceChildren(Object.assign(document.createElement("p"), { textContent: text })); fade(); };
  let fading = null;
  const fade = () => { clearTimeout(fading); const seconds = $("#notice form")?.dataset.seconds ?? 7; fading = setTimeout(() => ($("#notice:focus-within") ? fade() : $("#notice")?.replaceChildren()), seconds * 1000); }; /* whoever has reached it is not interrupted */
  if ($("#notice p")) fade();
  body.addEventListener("htmx:oobAfterSwap", (event) => { if (event.detail.target.id === "notice") fade(); });
  body.addEventListener("htmx:responseError", (event) => {
    const told = event.detail.xhr.getResponseHeader("X-Notice");
    say(told ? event.detail.xhr.responseText : body.dataset.failed);
  });
  /* Signed out meanwhile: a page with nothing typed leads to where one signs in, any other stays and says so. */
  const typed = () => [...$$("main form[method=post] :is(textarea, input:not([type=hidden]))")].some((field) => field.value !== field.defaultValue);
  body.addEventListener("htmx:beforeOnLoad", (event) => { if (event.detail.xhr.status === 401 && typed()) { event.preventDefault(); say(event.detail.xhr.responseText); } });
  body.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.xhr.status === 422 && event.detail.xhr.getResponseHeader("X-Notice")) say(event.detail.xhr.responseText); });
  body.addEventListener("htmx:sendError", () => say(body.dataset.failed));

  /* ---- drafts: kept in this browser until the form has been accepted ---- */
  const draftKey = (form) => `draft:${body.dataset.me}:${form.dataset.draft}`;
  const drafted = (form) => $$("textarea[name=text], input[name=subject], [data-addresses]", form);
  const keepDraft = (form) => {
    const draft = Object.fromEntries(drafted(form).map((field) => [field.name, field.value]));
    draft.from = form.dataset.drafted ?? ""; /* which draft of the server's this goes on from */
    if (draft.text) localStorage.setItem(draftKey(form), JSON.stringify(draft)); else localStorage.removeItem(draftKey(form));
  };
  const toNewest = (box) => { /* its end; a message taller than the box is read from its beginning */
    const last = $$("article", box).at(-1);
    box.scrollTop = last && last.offsetHeight > box.clientHeight ? box.scrollTop + last.getBoundingClientRect().top - box.getBoundingClientRect().top : box.scrollHeight;
  };
  const wake = (root) => {
    for (const form of $$("form[data-draft]", root)) {
      const kept = JSON.parse(localStorage.getItem(draftKey(form)) ?? "null");
      const newer = kept && kept.from && kept.from === form.dataset.drafted;
      for (const field of kept ? drafted(form) : []) if (kept[field.name] && (newer || !(field.name === "text" && field.value))) field.value = newer ? kept[field.name] : kept[field.name].replace(/\[image: [^[\]\n]+\]\n?/g, ""); /* files are not kept but by the server */
      for (const field of kept ? $$("[data-addresses]", form) : []) if (field.name in kept) { field.value = kept[field.name]; field.dispatchEvent(new Event("hub:filled")); } /* whoever was taken out stays out */
    }
    for (const box of $$("#messages", root)) toNewest(box);
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

  /* ---- files of a mail: chosen, dropped or pasted; a picture stands in the text where its mark is ---- */
  const bags = new WeakMap(); /* file field -> what is in it: a browser forgets the first choice at the second */
  const field = (form) => $("input[type=file][name=files]", form);
  const marked = (name) => `[image: ${name}]`;
  const size = (bytes) => (bytes < 1024 ** 2 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 ** 2).toLocaleString(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} MB`);
  const unlike = (name, taken) => {
    const [, stem, end] = name.replace(/[[\]\r\n]/g, "_").slice(-150).match(/^(.*?)(\.[^.]*)?$/);
    for (let number = 1; ; number += 1) {
      const one = `${stem || "file"}${number > 1 ? `-${number}` : ""}${end ?? ""}`;
      if (!taken.has(one)) return one;
    }
  };
  const fill = (form, files) => {
    const box = new DataTransfer();
    for (const file of files) box.items.add(file);
    field(form).files = box.files;
    bags.set(field(form), files);
    enlist(form, files);
  };
  const enlist = (form, files) => {
    const list = $(".chosen[data-most]", form), { most, largest, remove, toomuch } = list.dataset;
    const item = (...parts) => { const li = document.createElement("li"); li.append(...parts); return li; };
    const named = (tag, text, name = "") => Object.assign(document.createElement(tag), { textContent: text, className: name });
    list.replaceChildren(...files.map((file) => {
      const away = Object.assign(named("button", "\u00d7"), { type: "button" });
      away.setAttribute("aria-label", remove.replace("%s", file.name));
      away.addEventListener("click", () => {
        const text = $("textarea[name=text]", form);
        text.value = text.value.replace(marked(file.name), ""); keepDraft(form);
        fill(form, files.filter((other) => other !== file));
        field(form).focus();
      });
      return item(named("span", file.name, "cut"), named("span", size(file.size), "quiet small"), away);
    }));
    const over = files.length > most || files.reduce((sum, file) => sum + file.size, 0) > largest;
    if (over) { const li = item(toomuch); li.className = "bad"; list.append(li); }
    field(form).setCustomValidity(over ? toomuch : "");
  };
  const add = (form, fresh) => { /* returns the names they go by */
    const kept = bags.get(field(form)) ?? [], taken = new Set(kept.map((file) => file.name));
    const renamed = fresh.map((file) => {
      const name = unlike(file.name || "file", taken);
      taken.add(name);
      return name === file.name ? file : new File([file], name, { type: file.type });
    });
    fill(form, [...kept, ...renamed]);
    return renamed;
  };
  const put = (text, files) => { /* pictures where the cursor is */
    const shown = files.filter((file) => /^image\/(png|jpeg|gif|webp)$/.test(file.type));
    if (!shown.length) return;
    text.setRangeText(shown.map((file) => marked(file.name)).join("\n"), text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const mails = (form) => form && field(form) && $("[name=kind][value=email]:checked", form);
  addEventListener("change", (event) => {
    const form = event.target.closest?.(".composer");
    if (form && event.target === field(form)) add(form, [...event.target.files]);
  });
  addEventListener("paste", (event) => {
    const form = event.target.closest?.(".composer"), files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || !mails(form)) return;
    event.preventDefault();
    put($("textarea[name=text]", form), add(form, files));
  });
  const carries = (event) => { const form = event.target.closest?.(".composer"); return event.dataTransfer?.types.includes("Files") && mails(form) ? form : null; };
  for (const name of ["dragover", "dragleave", "drop"]) addEventListener(name, (event) => {
    const form = carries(event);
    if (!form) return;
    form.classList.toggle("takes", name === "dragover");
    if (name === "dragleave") return;
    event.preventDefault();
    if (name !== "drop") return;
    const text = $("textarea[name=text]", form), files = add(form, [...event.dataTransfer.files]);
    if (event.target === text) put(text, files);
  });
  let left = []; /* a form that comes back (422) gets its files again */
  body.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.detail.requestConfig.elt;
    if (event.detail.xhr.status === 422 && form.matches?.(".composer")) left = bags.get(field(form)) ?? []; /* news that come before it has settled change nothing */
  });
  body.addEventListener("htmx:afterSettle", () => { const form = $(".composer"); if (left.length && form && !field(form).files.length) { fill(form, left); left = []; } });

  /* ---- panes ---- */
  const seen = (line) => { line.classList.remove("unread"); for (const name of ["role", "aria-label"]) $(".dot", line)?.removeAttribute(name); };
  const mark = () => {
    for (const line of $$(".line")) {
      if (new URL(line.href).pathname === location.pathname) { line.setAttribute("aria-current", "true"); seen(line); }
      else line.removeAttribute("aria-current");
    }
  };
  const look = () => { /* what comes in is read by whoever has it before them, not by a page that nobody looks at */
    const unread = $("#thread [data-unread]");
    if (unread && document.visibilityState === "visible" && document.hasFocus()) htmx.trigger(unread, "seen");
  };
  body.addEventListener("htmx:load", look);
  document.addEventListener("visibilitychange", look);
  addEventListener("focus", look);
  let atEnd = true;
  body.addEventListener("htmx:beforeSwap", (event) => {
    const box = $("#messages");
    atEnd = !box || box.scrollHeight - box.scrollTop - box.clientHeight < 120;
  });
  body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id === "messages") { const box = $("#messages"); if (box && atEnd) box.scrollTop = box.scrollHeight; }
    if (["thread", "list", "rows"].includes(event.detail.target.id) || event.detail.elt.id === "thread") wake(document);
    else mark();
  });
  body.addEventListener("htmx:pushedIntoHistory", mark);
  /* ---- what is shown once was made once: loading the page again makes no second one ---- */
  for (const once of $$("[data-here]")) history.replaceState(history.state, "", once.dataset.here);

  /* ---- going back shows what is true now; going to a place on the same page loads nothing ---- */
  const address = () => location.pathname + location.search;
  let here = address();
  for (const name of ["htmx:pushedIntoHistory", "htmx:replacedInHistory"]) body.addEventListener(name, () => { here = address(); });
  addEventListener("popstate", () => { if (address() !== here) location.reload(); });

  /* ---- menus close when one leaves them ---- */
  addEventListener("click", (event) => { for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false; });
  addEventListener("click", (event) => { if (event.target.closest("[data-keys]")) $("#keys").showModal(); });
  addEventListener("click", async (event) => {
    const wish = event.target.closest("[data-copy]");
    if (!wish) return;
    const field = $(wish.dataset.copy);
    field.select();
    try { await navigator.clipboard.writeText(field.value); } catch { document.execCommand("copy"); /* no https: browsers keep the clipboard to themselves */ }
    say(wish.dataset.copied);
  });
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
    e: () => press("[data-key=resolve]"), a: () => choose("[data-key=assign]"), d: () => unfold("[data-key=later]"), l: () => unfold("[data-key=label]", "input:not([type=hidden])"),
    b: () => unfold(".composer:has([name=kind][value=email]:checked) [data-key=copies]", "input:not([type=hidden])"),
    m: () => { const there = $("#thread[data-open]"); if (there) setTimeout(() => dispatchEvent(new Event("hub:macros"))); return Boolean(there); },
    c: () => { const bar = $(".call-bar"); if (bar) bar.open = true; return focus(":is(#calls, #calls-now) .call :is(button, textarea)"); },
    u: () => press("#notice form button"), s: () => unfold("[data-key=snooze]"), z: () => unfold("[data-key=snooze]"),
    "/": () => focus("[type=search]"), "?": () => { $("#keys").showModal(); return true; },
  };
  const choose = (selector) => { // opens a list: an arrow then chooses, and only Enter takes
    const list = $(selector);
    if (!list) return false;
    list.focus();
    try { list.showPicker(); } catch { /* an older browser: the focus is enough */ }
    return true;
  };
  const pressed = (key) => { /* what a page itself gives a key to */
    const found = $(`[data-press="${CSS.escape(key)}"]`);
    if (found) { found.focus(); found.click(); }
    return Boolean(found);
  };
  const unfold = (selector, first = "button") => { const menu = $(selector); if (!menu) return false; menu.open = true; $(first, menu)?.focus(); return true; };
  let going = 0;
  const escape = (target) => {
    const menu = $("details.menu[open]");
    if (menu) { menu.open = false; $("summary", menu).focus(); return; }
    if (typing(target)) { focus(target.closest("#thread") ? "#messages" : target.closest("#list") ? "#rows" : "#main"); return; }
    mark(); /* a line that has just been put in anew is not marked yet */
    if (!focus(".line[aria-current]")) press("a.back");
    if (getComputedStyle($(".back") ?? body).display !== "none") press("a.back");
  };
  addEventListener("keydown", (event) => {
    if ($("dialog[open]")) return;
    if (event.key === "Escape") { if (!$(":popover-open")) escape(event.target); return; } /* the browser closes what lies above */
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { const form = event.target.form; if (form?.matches(".composer")) { event.preventDefault(); form.requestSubmit($("[data-send]", form)); } return; }
    if (event.ctrlKey || event.metaKey || event.altKey || (typing(event.target) && !event.target.matches("[type=radio][data-press]"))) return;
    const key = event.key.toLowerCase();
    if (going && Date.now() - going < 1500) { going = 0; if (press(`[data-go="${key}"]`)) { event.preventDefault(); return; } }
    if (key === "g") { going = Date.now(); return; }
    if (keys[key]?.() || pressed(key)) event.preventDefault();
  });

  wake(document);
})();
