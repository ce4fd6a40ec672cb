"use strict";
/* What helps while one writes: canned answers behind a slash, colleagues behind an at sign. */
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const SIGN = /(^|\s)([/@])([\p{L}\p{N}._-]{0,40})$/u; /* before the cursor, at the beginning of a word */

  let open = null; /* { text, list, html, start, at }: what is being chosen */
  let asked = 0; /* answers may overtake each other: only the last one counts */

  const close = () => {
    asked += 1;
    if (!open) return;
    open.list.hidden = true;
    open.list.replaceChildren();
    for (const name of ["aria-activedescendant", "aria-controls"]) open.text.removeAttribute(name);
    open = null;
  };
  const choices = () => $$("[role=option]:not([aria-disabled])", open.list);
  const mark = (at) => {
    const all = choices();
    open.at = all.length ? (at + all.length) % all.length : -1;
    all.forEach((one, number) => one.setAttribute("aria-selected", String(number === open.at)));
    const chosen = all[open.at];
    if (!chosen) { open.text.removeAttribute("aria-activedescendant"); return; }
    open.text.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  };
  const take = (option) => {
    const { text, start } = open;
    text.setRangeText(option.dataset.text, start, text.selectionStart, "end");
    close();
    text.focus();
    text.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const address = (form, sign, typed) => {
    const base = sign === "/" ? form.dataset.canned : $("[name=kind][value=note]:checked", form) && form.dataset.people;
    return base && `${base}&q=${encodeURIComponent(typed)}`;
  };
  const look = async (text) => {
    const found = text.selectionStart === text.selectionEnd && text.value.slice(0, text.selectionStart).match(SIGN);
    const form = text.form, url = found && address(form, found[2], found[3]);
    if (!url) { close(); return; }
    const mine = ++asked;
    const answer = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok || mine !== asked) return;
    const html = await answer.text();
    if (mine !== asked) return;
    const list = $(".picks", form), start = text.selectionStart - found[3].length - 1;
    if (open?.html === html) { open.start = start; return; } /* the same choices: what is marked stays so */
    list.innerHTML = html; /* our own template, escaped by it */
    list.hidden = false;
    open = { text, list, html, start, at: -1 };
    text.setAttribute("aria-controls", list.id);
    mark(0);
  };

  /* ---- an SMS: the signs that make it Unicode, found in the text and replaced by plain ones ---- */
  const written = (part) => $("textarea", part.closest(".measured, .composer"));
  addEventListener("click", (event) => {
    const sign = event.target.closest?.("[data-find]"), plain = event.target.closest?.("[data-plain]");
    if (sign) {
      const text = written(sign), next = text.value.indexOf(sign.dataset.find, text.selectionEnd);
      const at = next < 0 ? text.value.indexOf(sign.dataset.find) : next;
      text.focus();
      if (at >= 0) text.setSelectionRange(at, at + sign.dataset.find.length);
    }
    if (plain) {
      const text = written(plain), signs = JSON.parse(plain.dataset.plain);
      text.setRangeText([...text.value].map((one) => signs[one] ?? one).join(""), 0, text.value.length, "end");
      text.focus();
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });

  /* ---- Cc and Bcc: a field with commas becomes chips, each with a button that takes it out ---- */
  const pieces = (typed) => typed.split(/[,;\n]/).map((one) => one.trim()).filter(Boolean);
  const chips = (field) => { /* what is sent is in `field` at every moment, also what is only half typed */
    const list = Object.assign(document.createElement("ul"), { className: "chosen" });
    const entry = Object.assign(document.createElement("input"), { type: "text", className: "grow", id: field.id, autocomplete: "off", spellcheck: false, inputMode: "email", maxLength: field.maxLength, placeholder: field.placeholder });
    const box = Object.assign(document.createElement("div"), { className: "addresses grow" });
    let all = [];
    const tell = () => {
      field.value = [...all, entry.value.trim()].filter(Boolean).join(", ");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const button = (text, label, name, action) => {
      const made = Object.assign(document.createElement("button"), { type: "button", textContent: text, className: name });
      if (label) made.setAttribute("aria-label", label);
      made.addEventListener("click", () => { action(); show(); tell(); entry.focus(); });
      return made;
    };
    const show = () => {
      entry.placeholder = all.length ? "" : field.dataset.hint;
      list.replaceChildren(...all.map((one) => {
        const item = document.createElement("li");
        item.append(Object.assign(document.createElement("span"), { textContent: one, className: "cut" }), button("\u00d7", field.dataset.remove.replace("%s", one), "", () => { all = all.filter((other) => other !== one); }));
        return item;
      }));
      if (all.length > 1) { const item = document.createElement("li"); item.className = "bare"; item.append(button(field.dataset.all, "", "all", () => { all = []; })); list.append(item); }
    };
    const take = () => { all = [...new Set([...all, ...pieces(entry.value)])]; entry.value = ""; show(); };
    const fill = () => { all = [...new Set(pieces(field.value))]; entry.value = ""; show(); if (all.length) field.closest("details").open = true; };
    field.dataset.hint = field.placeholder;
    field.removeAttribute("id");
    field.type = "hidden";
    field.addEventListener("hub:filled", fill);
    entry.addEventListener("input", () => { if (/[,;\n]/.test(entry.value)) take(); tell(); });
    entry.addEventListener("blur", () => { if (entry.value.trim()) { take(); tell(); } });
    entry.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.isComposing) { event.preventDefault(); take(); tell(); }
      else if (event.key === "Backspace" && !entry.value && all.length) { all = all.slice(0, -1); show(); tell(); }
    });
    box.append(list, entry);
    field.after(box);
    fill();
  };
  const dress = (root) => { for (const field of $$("input[data-addresses]:not([type=hidden])", root)) chips(field); };
  addEventListener("htmx:load", (event) => dress(event.detail.elt));
  dress(document);

  addEventListener("input", (event) => { if (event.target.matches?.(".composer textarea[name=text]")) look(event.target); });
  addEventListener("focusout", (event) => { if (open && event.target === open.text) close(); });
  addEventListener("mousedown", (event) => {
    const option = open && event.target.closest?.(".picks [role=option]");
    if (!option) return;
    event.preventDefault(); /* the cursor stays in the text */
    if (option.dataset.text !== undefined) take(option);
    else if (option.dataset.href) location.assign(option.dataset.href);
  });
  addEventListener("keydown", (event) => { /* before the desk's own keys */
    if (!open || event.target !== open.text || event.isComposing) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) mark(open.at + steps[event.key]);
    else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey && !event.metaKey && choices()[open.at]) take(choices()[open.at]);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
})();
