"use strict";
/* Writing a template: names put where the cursor is, and a spoken message read aloud. The page works without it. */
(() => {
  let last = null; /* the text that was written in last: a button takes the focus away */
  const isText = (field) => field.matches?.("#editor [name^='text.']");
  addEventListener("focusin", (event) => { if (isText(event.target)) last = event.target; });

  const insert = (source) => {
    if (!last?.isConnected) last = [...document.querySelectorAll("#editor [name$='.body']")].find((one) => one.offsetParent);
    if (!last) return;
    last.setRangeText(source, last.selectionStart, last.selectionEnd, "end");
    last.focus();
    last.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const listen = (button) => {
    const words = document.getElementById(button.dataset.listen), told = button.parentElement.querySelector("[role=status]");
    if (!("speechSynthesis" in window)) { told.textContent = button.dataset.mute; return; }
    const spoken = Object.assign(new SpeechSynthesisUtterance(words.innerText), { lang: words.lang });
    spoken.addEventListener("error", () => { told.textContent = button.dataset.mute; });
    speechSynthesis.cancel();
    speechSynthesis.speak(spoken);
  };
  addEventListener("click", (event) => {
    const named = event.target.closest?.("[data-insert]"), heard = event.target.closest?.("[data-listen]");
    if (named) insert(named.dataset.insert);
    if (heard) listen(heard);
  });
})();
