// Keeps the list of exchanges current while the page is looked at. Without it, the link "Refresh" does the same.
const live = document.getElementById("live");

async function refresh() {
  if (document.hidden || live.contains(document.activeElement) || !document.getSelection().isCollapsed) return;
  const answer = await fetch(location.pathname, { credentials: "same-origin" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  if (fresh && fresh.innerHTML !== live.innerHTML) live.replaceChildren(...fresh.childNodes);
}

if (live) setInterval(() => refresh().catch(() => {}), 2000);
