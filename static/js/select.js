// Selecting devices in a table: all of the page at once, ranges with Shift, and
// the question that follows in a dialog. What is selected survives live updates.
const boxes = () => [...document.querySelectorAll("#device-table tbody .c-pick input")];
const picked = new Set();
let latest; // the box that was clicked last

function show() {
  const all = boxes();
  const page = document.getElementById("pick-page");
  if (!page) return;
  const ticked = all.filter((box) => box.checked).length;
  page.checked = ticked > 0 && ticked === all.length;
  page.indeterminate = ticked > 0 && ticked < all.length;
  const everything = document.getElementById("pick-all");
  if (everything) everything.closest(".all").hidden = !page.checked;
  if (everything && !page.checked) everything.checked = false;
  document.getElementById("picked-count").textContent = everything?.checked ? "" : `${ticked} selected`;
  for (const box of all) box.closest("tr").classList.toggle("is-selected", box.checked);
}

document.addEventListener("click", (event) => {
  const box = event.target;
  if (!event.shiftKey || !latest?.isConnected || !box.matches?.("tbody .c-pick input")) return void (latest = box.matches?.("tbody .c-pick input") ? box : latest);
  const all = boxes();
  const [from, to] = [all.indexOf(latest), all.indexOf(box)].sort((a, b) => a - b);
  for (const between of all.slice(from, to + 1)) between.checked = box.checked;
  remember();
});

function remember() {
  picked.clear();
  for (const box of boxes()) if (box.checked) picked.add(box.value);
  show();
}

document.addEventListener("change", ({ target }) => {
  if (target.id === "pick-page") for (const box of boxes()) box.checked = target.checked;
  if (target.closest(".c-pick, .picked")) remember();
});

// Another page or filter begins with nothing selected; a row that was replaced
// keeps its tick.
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target?.id === "device-table") picked.clear();
  restore();
  if (detail.target?.id === "ask") detail.target.showModal();
});
document.addEventListener("live:load", restore);
document.addEventListener("DOMContentLoaded", remember); // a browser keeps ticks over a reload

function restore() {
  for (const box of boxes()) if (picked.has(box.value)) box.checked = true;
  show();
}

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-close]")) return;
  const dialog = event.target.closest("dialog");
  if (!dialog) return;
  event.preventDefault();
  dialog.close();
});
