// Escape leaves what is being edited, as its Cancel does.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const edited = event.target.closest(".is-edited");
  edited?.querySelector("[data-cancel]")?.click();
});

// Plain forms that cannot be undone ask first, as hx-confirm does for the others.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// A server that does not answer has no sentence of its own.
document.addEventListener("htmx:sendError", () => {
  const sentence = document.getElementById("no-answer").content.cloneNode(true);
  document.getElementById("flash").replaceChildren(sentence);
});
