// What was done can be undone for a few seconds; then the offer goes.
const shown = new WeakSet();

function expire() {
  const offer = document.querySelector("#flash .undo");
  if (!offer || shown.has(offer)) return;
  shown.add(offer);
  const back = document.createElement("input");
  Object.assign(back, { type: "hidden", name: "back", value: location.pathname + location.search });
  offer.append(back);
  setTimeout(() => offer.remove(), 15_000);
}

document.addEventListener("DOMContentLoaded", expire);
document.addEventListener("htmx:oobAfterSwap", expire);
