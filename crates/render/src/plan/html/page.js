"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;
  // What needs a script is not there without one.
  for (const hidden of document.querySelectorAll("#theme, .controls")) hidden.hidden = false;

  // Light, dark, or as the system has it. Where nothing can be kept, nothing is.
  const store = {
    get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* not kept */ } },
  };
  const theme = store.get("flowctl-theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  $("theme").addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    store.set("flowctl-theme", root.dataset.theme);
  });

  // A link to a change opens it.
  const open = () => {
    const target = location.hash && $(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") {
      target.hidden = false;
      target.open = true;
      target.scrollIntoView();
      target.querySelector("summary").focus({ preventScroll: true });
    }
  };
  addEventListener("hashchange", open);
  open();

  const changes = [...document.querySelectorAll(".change")];
  if (!changes.length) return;
  const chips = [...document.querySelectorAll("[data-filter]")];
  const search = $("search");
  const texts = new Map();
  const text = (change) => {
    if (!texts.has(change)) texts.set(change, change.textContent.toLowerCase());
    return texts.get(change);
  };
  const filter = () => {
    const on = new Set(chips.filter((c) => c.getAttribute("aria-pressed") === "true").map((c) => c.dataset.filter));
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const change of changes) {
      const match = on.has(change.dataset.group) && words.every((word) => text(change).includes(word));
      change.hidden = !match;
      shown += match;
    }
    $("count").textContent = shown === changes.length ? "" : `${shown} of ${changes.length}`;
    $("none").hidden = shown > 0;
  };
  let waiting = 0;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(filter, 80); };
  const pressed = (button, value) => button.setAttribute("aria-pressed", String(value));
  const toggle = (button) => {
    const now = button.getAttribute("aria-pressed") !== "true";
    pressed(button, now);
    return now;
  };
  for (const chip of chips) chip.addEventListener("click", () => { toggle(chip); filter(); });
  search.addEventListener("input", soon);

  const split = () => {
    const on = toggle($("split"));
    document.body.classList.toggle("split", on);
    store.set("flowctl-split", on ? "1" : "");
  };
  $("split").addEventListener("click", split);
  if (store.get("flowctl-split")) split();
  const all = () => {
    const now = toggle($("all"));
    $("all").textContent = now ? "Close all" : "Open all";
    for (const change of changes) if (!change.hidden) change.open = now;
  };
  $("all").addEventListener("click", all);

  const move = (by) => {
    const shown = changes.filter((change) => !change.hidden);
    const at = shown.findIndex((change) => change.contains(document.activeElement));
    const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : at + by];
    if (next) next.querySelector("summary").focus();
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === search) {
      if (event.key === "Escape") { search.value = ""; filter(); search.blur(); }
      return;
    }
    const act = { "/": () => search.focus(), j: () => move(1), k: () => move(-1), s: split, a: all }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
})();
