// Editing in a table of devices. Enter saves and Escape cancels (page.js); Tab
// saves and goes on in the same field of the next row.
const editedRow = (element) => element.closest?.("tr.is-edited[data-field]");
let goOn; // the row and field to open once this one is saved

document.addEventListener("keydown", (event) => {
  const row = editedRow(event.target);
  if (!row || !event.target.matches("input, select, textarea")) return;
  const form = row.querySelector("form");
  if (event.key === "Enter" && !event.shiftKey && event.target.matches("select, textarea")) {
    event.preventDefault();
    form.requestSubmit();
  }
  if (event.key !== "Tab" || event.ctrlKey || event.altKey) return;
  event.preventDefault();
  const next = event.shiftKey ? row.previousElementSibling : row.nextElementSibling;
  goOn = next?.id ? { id: next.id, field: row.dataset.field } : undefined;
  form.requestSubmit();
});

// A refused edit stays where it is, with what is wrong with it.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!goOn || !detail.requestConfig.elt.matches("form.inline-edit")) return;
  const { id, field } = goOn;
  goOn = undefined;
  if (!detail.successful) return;
  const cell = document.getElementById(id)?.querySelector(`.c-${field} a.cell`);
  if (cell) htmx.trigger(cell, "click");
});

// Notes are mostly added to, and browsers begin before them.
document.addEventListener("focusin", ({ target }) => {
  if (target.matches("tr.is-edited :is(input, textarea)[autofocus]")) target.setSelectionRange(target.value.length, target.value.length);
});

// A click beside the words of a cell is meant for them.
document.addEventListener("click", (event) => {
  const cell = event.target.closest?.("td.c-notes, td.c-platform");
  if (cell && event.target === cell) cell.querySelector("a.cell")?.click();
});

// Where a row leaves the table, the keyboard goes on at the same button of the
// next one.
let left; // the row whose button was pressed, what follows it, and which button
const buttonsOf = (row) => [...(row?.querySelectorAll("button") ?? [])];

document.addEventListener("htmx:beforeRequest", () => {
  const button = document.activeElement;
  const row = button.matches("button:focus-visible") ? button.closest(".device-table tbody tr") : undefined;
  left = row && { row, next: row.nextElementSibling ?? row.previousElementSibling, at: buttonsOf(row).indexOf(button) };
});

document.addEventListener("htmx:afterRequest", () => {
  if (!left || left.row.isConnected || document.getElementById(left.row.id)) return;
  const { next, at } = left;
  left = undefined;
  const heading = document.querySelector("h1");
  heading.tabIndex = -1;
  (buttonsOf(next)[at] ?? heading).focus();
});
