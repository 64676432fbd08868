// What was done is told, and can be undone, for a few seconds; what went wrong
// until the server answers again.
const flash = () => document.getElementById("flash");
const shown = new WeakSet();

function expire() {
  const message = flash()?.querySelector(".notice.is-done");
  if (!message || shown.has(message)) return;
  shown.add(message);
  const back = document.createElement("input");
  Object.assign(back, { type: "hidden", name: "back", value: location.pathname + location.search });
  message.querySelector(".undo")?.append(back);
  setTimeout(leave, 15_000, message);
}

function leave(message) {
  if (message.matches(":hover, :focus-within")) setTimeout(leave, 2000, message);
  else message.remove();
}

document.addEventListener("DOMContentLoaded", expire);
document.addEventListener("htmx:oobAfterSwap", expire);
document.addEventListener("htmx:beforeOnLoad", () => flash()?.querySelector(".notice.is-problem")?.remove());
