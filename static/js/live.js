// Keeps an open page as the fleet is. The stream is read by hand: the htmx SSE
// extension swaps whole elements, so what is typed, selected or focused in them
// would go, and its pauses between attempts do not grow. Rows of devices come in
// the stream; of the rest of the page it tells that something changed, and the
// page's parts (data-live-part) are then fetched again and changed where they differ.
const main = () => document.getElementById("main"); // which an upload may replace
let since = main().dataset.since; // how the page was then, by the server's clock
let source, watched, topics, retryTimer, silenceTimer;
let pause = 1000;
let lost = false;
let gone = false; // what the page shows

const rowsShown = () => [...new Set([...document.querySelectorAll("tr[id^='device-']")].map((row) => row.id.slice(7, 19)))].slice(0, 400).join();

function connect() {
  disconnect();
  if (document.hidden) return;
  watched = rowsShown();
  topics = main().dataset.live;
  source = new EventSource("/live?" + new URLSearchParams({ on: topics, rows: watched, since }));
  source.onerror = broken;
  for (const [event, handle] of Object.entries(events)) {
    source.addEventListener(event, ({ data, lastEventId }) => {
      since = lastEventId;
      clearTimeout(silenceTimer);
      silenceTimer = setTimeout(broken, 60_000);
      handle(data);
    });
  }
}

function disconnect() {
  source?.close();
  clearTimeout(retryTimer);
  clearTimeout(silenceTimer);
}

function broken() {
  disconnect();
  retryTimer = setTimeout(retry, pause * (0.75 + Math.random() / 2));
  pause = Math.min(2 * pause, 30_000);
}

// An EventSource does not say why it failed, so a request that does goes first.
async function retry() {
  const answer = await fetch("/live", { method: "HEAD", redirect: "manual" }).catch(() => undefined);
  if (answer?.type === "opaqueredirect") return say("live-signed-out");
  if (answer?.ok) return connect();
  if (!lost) say("live-lost");
  lost = true;
  broken();
}

function say(sentence) {
  const shown = document.getElementById("live-state");
  shown.replaceChildren();
  if (sentence) shown.append(document.getElementById(sentence).content.cloneNode(true));
}

const events = {
  beat() {
    pause = 1000;
    if (!lost) return;
    lost = false;
    say("live-back");
    setTimeout(() => lost || gone || say(), 5000);
  },
  rows(html) {
    for (const row of fragment(html).querySelectorAll("tr")) {
      const shown = document.getElementById(row.id);
      if (shown) merge(shown, row);
    }
  },
  gone(macs) {
    for (const mac of macs.split(" ")) document.getElementById("device-" + mac)?.classList.add("is-gone");
  },
  new(html) {
    document.getElementById("new-count")?.replaceWith(fragment(html));
  },
  page: () => refresh(),
};

function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// At most twice a second, and once more for what changed meanwhile: what was fetched
// while this page itself changed something may be from before, and is not shown.
let fetching = false;
let again = false;
let changes = 0;
for (const event of ["htmx:beforeRequest", "htmx:afterRequest"]) document.addEventListener(event, () => changes++);
async function refresh() {
  again = true;
  if (fetching) return;
  fetching = true;
  waiting = false;
  while (again && !document.hidden) {
    again = false;
    const before = changes;
    const answer = await fetch(location.href, { headers: { "X-Live": "1" } }).catch(() => undefined);
    if (answer) tellGone(answer.status === 404);
    if (!answer?.ok || answer.redirected) break;
    const text = await answer.text().catch(() => undefined); // the connection may break off in it
    if (text === undefined) break;
    if (changes === before) showParts(new DOMParser().parseFromString(text, "text/html"));
    else again = true;
    await new Promise((done) => setTimeout(done, 500));
  }
  fetching = false;
}

function showParts(now) {
  for (const part of document.querySelectorAll("[data-live-part]")) {
    const next = now.getElementById(part.id);
    if (next && !part.parentElement.closest("[data-live-part]")) merge(part, next);
  }
  tellNews(now);
}

// What the page is about was deleted, or is back.
function tellGone(now) {
  if (now === gone) return;
  gone = now;
  say(gone ? "live-gone" : undefined);
}

// Devices do not jump into a table that somebody reads: a link tells that there
// are more and shows them. Where rows come by themselves too (the queue), those
// are told of that are held back; elsewhere #devices-news has how many there were.
function tellNews(now) {
  const news = document.getElementById("devices-news");
  const next = now.getElementById("devices-news");
  if (!news || !next) return;
  const list = document.querySelector(".device-table [data-live-part=list]");
  const more = list ? heldBack(list, now.getElementById(list.id)) : next.dataset.total - news.dataset.total;
  news.hidden = !(more > 0);
  if (more > 0) news.querySelector("a").textContent = `${more} new: show`;
}

// What follows the last row that both have came up from the next page.
function heldBack(list, next) {
  const isNew = [...(next?.children ?? [])].map((item) => !list.querySelector("#" + item.id));
  return isNew.slice(0, isNew.includes(false) ? isNew.lastIndexOf(false) : undefined).filter(Boolean).length;
}

// A list, whose items have ids, neither grows nor shrinks under the pointer or
// around the focus: then it waits until they leave.
function mergeList(list, next) {
  const items = [...next.children];
  const shown = new Map([...list.children].map((item) => [item.id, item]));
  const unchanged = items.length === shown.size && items.every((item, i) => list.children[i].id === item.id);
  const added = items.filter((item) => !shown.has(item.id));
  for (const item of items) if (shown.has(item.id)) merge(shown.get(item.id), item);
  if (unchanged) return;
  if (isHeld(list)) {
    waiting = true;
    for (const event of ["mouseleave", "focusout"]) list.addEventListener(event, refresh, { once: true });
    return;
  }
  list.replaceChildren(...items.map((item) => shown.get(item.id) ?? item));
  added.forEach(settle);
  list.dispatchEvent(new CustomEvent("live:load", { bubbles: true })); // also for what went
}

function isHeld(list) {
  if (list.matches(":hover") || list.contains(document.activeElement)) return true;
  return list.childElementCount > 0 && list.closest(".device-table") !== null && mayBeAimedAt(list);
}

// Where a row has buttons, a moving pointer may be on its way to one of them, and
// a finger gives no sign before it is there: a row that came then would have the
// wrong board permitted.
let moving; // while the pointer does, and a moment longer
let waiting = false; // for the pointer to rest
addEventListener("pointermove", () => {
  clearTimeout(moving);
  moving = setTimeout(() => {
    moving = undefined;
    if (waiting) refresh();
  }, 1000);
});

function mayBeAimedAt(list) {
  const { top, bottom } = list.getBoundingClientRect();
  return bottom > 0 && top < innerHeight && (moving !== undefined || matchMedia("(pointer: coarse)").matches);
}

// merge makes an element like another, changing only what differs, so that
// focus, selection and scroll stay; what is being edited is left alone.
function merge(old, next) {
  if (plain(old) === plain(next)) return false;
  if (old.dataset.livePart === "list" && next.dataset.livePart === "list") return mergeList(old, next);
  if (old.matches(".is-edited, :is(input, select, textarea, dialog[open]):focus")) return false;
  const nodes = [...next.childNodes];
  const alike = old.tagName === next.tagName && old.id === next.id && old.childNodes.length === nodes.length
    && nodes.every((node, i) => node.nodeName === old.childNodes[i].nodeName);
  if (!alike) {
    if (old.contains(document.activeElement) || old.querySelector(".is-edited")) return false;
    old.replaceWith(next);
    settle(next);
    return true;
  }
  for (const { name, value } of next.attributes) if (name !== "class" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  mergeClasses(old, next);
  nodes.forEach((node, i) => {
    const was = old.childNodes[i];
    if (node.nodeType === Node.ELEMENT_NODE) merge(was, node);
    else if (was.nodeValue !== node.nodeValue) was.nodeValue = node.nodeValue;
  });
  if (old.matches("tr")) settle(old);
  return true;
}

// The classes that this page's own scripts set.
const ownClasses = ["is-fresh", "is-selected", "htmx-request", "htmx-settling", "htmx-added", "htmx-swapping"];

function mergeClasses(old, next) {
  const kept = ownClasses.filter((name) => old.classList.contains(name));
  const classes = [...next.classList, ...kept].join(" ");
  if ([...old.classList].join(" ") !== classes) old.setAttribute("class", classes);
}

// plain is what of an element counts as a change: not what this page's own
// scripts did to it.
function plain(element) {
  const copy = element.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) {
    time.removeAttribute("title");
    time.textContent = "";
  }
  for (const one of [copy, ...copy.querySelectorAll("[class]")]) {
    one.classList.remove(...ownClasses);
    if (one.classList.length === 0) one.removeAttribute("class");
  }
  return copy.outerHTML;
}

function settle(element) {
  htmx.process(element);
  element.dispatchEvent(new CustomEvent("live:load", { bubbles: true }));
  if (!element.matches("tr, li")) return;
  element.classList.add("is-fresh");
  setTimeout(() => element.classList.remove("is-fresh"), 1600);
}

if (since) {
  connect();
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", ({ persisted }) => persisted && connect());
  addEventListener("online", connect);
  document.addEventListener("htmx:afterSettle", () => { // something else may be shown now
    if ((rowsShown() !== watched || main().dataset.live !== topics) && !document.hidden) connect();
  });
}
