"use strict";
/* Ctrl+K: everything by a few letters. Without this file /palette is a page. */
(() => {
  const dialog = document.querySelector("#palette");
  if (!dialog) return;
  const field = dialog.querySelector("input"), list = dialog.querySelector("[role=listbox]");
  let at = -1, asked = 0, only = "";
  const choices = () => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];
  const mark = (to) => {
    const all = choices();
    at = all.length ? (to + all.length) % all.length : -1;
    all.forEach((one, number) => one.setAttribute("aria-selected", String(number === at)));
    if (at < 0) { field.removeAttribute("aria-activedescendant"); return; }
    field.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  };
  const look = async () => {
    const mine = ++asked, talk = document.querySelector("#thread[data-open]")?.dataset.open, here = talk ? `&here=${talk}` : "";
    const answer = await fetch(`/palette?q=${encodeURIComponent(field.value)}${here}${only}`, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok || mine !== asked) return; /* a later question was asked meanwhile */
    const html = await answer.text();
    if (mine !== asked) return;
    list.innerHTML = html; /* ours, escaped by the template */
    mark(0);
  };
  const run = (action) => { /* a macro: the form that a page without this file has under "More" */
    const form = Object.assign(document.createElement("form"), { method: "post", action, hidden: true });
    const put = (name, value) => form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value: value ?? "" }));
    put("csrf", JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"]);
    put("form_token", crypto.randomUUID?.() ?? document.querySelector(".composer [name=form_token]")?.value);
    put("seen", document.querySelector(".composer [name=seen]")?.value);
    put("view", location.pathname.split("/")[2]);
    document.body.append(form);
    form.submit();
  };
  const take = (choice) => {
    dialog.close();
    if (choice.dataset.post) { run(choice.dataset.post); return; }
    if (choice.dataset.href) { location.assign(choice.dataset.href); return; }
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: choice.dataset.press, bubbles: true, cancelable: true }));
  };
  const open = (what = "") => { if (document.querySelector("dialog[open]")) return; only = what; field.value = ""; list.replaceChildren(); dialog.showModal(); field.focus(); look(); };

  field.addEventListener("input", look);
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") mark(at + (event.key === "ArrowDown" ? 1 : -1));
    else if (event.key === "Enter" && !event.isComposing && choices()[at]) take(choices()[at]);
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => { const choice = event.target.closest("[role=option]:not([aria-disabled])"); if (choice) take(choice); });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); }); /* beside it */
  addEventListener("click", (event) => { if (event.target.closest("[data-palette]")) { event.preventDefault(); open(); } });
  addEventListener("hub:macros", () => open("&only=macros"));
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") { event.preventDefault(); open(); }
  });
})();
