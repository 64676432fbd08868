// The upload page: each file that is chosen or dropped gets a form of its own,
// which sends it and holds it in case it has to be sent again.
let filesSent = 0;

function sendFile(file, max) {
  const item = document.getElementById("upload-item").content.firstElementChild.cloneNode(true);
  const form = item.querySelector("form");
  const only = new DataTransfer();
  only.items.add(file);
  form.elements.file.files = only.files;
  form.elements.number.value = ++filesSent;
  form.id = `upload-${filesSent}`;
  for (const name of item.querySelectorAll(".file-name")) name.textContent = file.name;
  document.getElementById("reports").append(item);
  htmx.process(item);
  item.querySelector(".too-large").hidden = file.size <= max;
  if (file.size <= max) form.requestSubmit();
}

// What was refused or published makes room for the next files, unless a person
// is typing there.
document.addEventListener("change", ({ target }) => {
  if (target.id !== "file") return;
  for (const item of document.querySelectorAll("#reports > .sent:not(:has(.is-ready, .htmx-request, input:focus))")) item.remove();
  for (const file of target.files) sendFile(file, Number(target.form.dataset.max));
  target.value = ""; // or the same file, built anew, would be no change
});

document.addEventListener("htmx:xhr:progress", ({ target, detail: { loaded, total } }) => {
  const bar = target.querySelector?.(".sending progress");
  if (loaded < total) bar?.setAttribute("value", (100 * loaded) / total);
  else bar?.removeAttribute("value"); // the server inspects
});

document.addEventListener("htmx:afterRequest", ({ detail: { elt, xhr } }) => {
  const retry = elt.querySelector?.(":scope > .retry");
  if (retry) retry.hidden = xhr.status === 200 || xhr.status === 422;
});

// Leaving the page breaks off what is being sent.
addEventListener("beforeunload", (event) => {
  if (document.querySelector("#reports form[hx-encoding].htmx-request")) event.preventDefault();
});

// The primary button takes Enter, unless a person is typing.
document.addEventListener("htmx:afterSettle", () => {
  const busy = document.activeElement?.closest("#reports, input:not(#file), select, textarea");
  const [next] = document.querySelectorAll("#reports button[data-primary]");
  if (!busy) (next ?? document.querySelector("#reports a[data-primary]"))?.focus();
});
