"use strict";
// Keeps the page current, and sends its forms without loading it anew. Without this file the page works as well.
const person = document.body.dataset.person;
const live = document.getElementById("live");
const trouble = document.getElementById("trouble");

async function refresh() {
  const answer = await fetch("/live?person=" + encodeURIComponent(person));
  if (!answer.ok) return;
  const focused = document.activeElement && document.activeElement.id;
  live.innerHTML = await answer.text();
  const again = focused && document.getElementById(focused);
  if (again) again.focus();
}

async function send(event) {
  const form = event.target;
  if (!form.hasAttribute("data-quiet")) return;
  event.preventDefault();
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  trouble.hidden = answer.ok;
  if (answer.ok) { form.reset(); await refresh(); } else { trouble.textContent = await answer.text(); }
}

if (person) {
  document.addEventListener("submit", send);
  new EventSource("/events?person=" + encodeURIComponent(person)).addEventListener("changed", refresh);
}
