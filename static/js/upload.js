// The upload page: a file that is too large is not sent at all, a bar shows how
// far the others are, and the drop area says that it takes what is held over it.
const isUpload = (event) => event.detail.elt.id === "upload";

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isUpload(event)) return;
  const form = event.detail.elt;
  const file = form.elements.file.files[0];
  const tooLarge = file !== undefined && file.size > Number(form.dataset.max);
  document.getElementById("too-large").hidden = !tooLarge;
  document.getElementById("report").replaceChildren();
  if (tooLarge) return event.preventDefault();
  const bar = document.getElementById("progress");
  bar.hidden = false;
  event.detail.xhr.upload.addEventListener("progress", ({ loaded, total }) => {
    if (loaded < total) bar.value = (100 * loaded) / total;
    else bar.removeAttribute("value"); // the server inspects
  });
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (isUpload(event)) document.getElementById("progress").hidden = true;
});

// The same file again, built anew, is a change only for an empty input.
for (const type of ["click", "drop"]) {
  document.addEventListener(type, ({ target }) => {
    if (target.id === "file") target.value = "";
  });
}

for (const type of ["dragenter", "dragleave", "drop"]) {
  document.addEventListener(type, ({ target }) => {
    if (target.id === "file") target.parentElement.classList.toggle("is-over", type === "dragenter");
  });
}
