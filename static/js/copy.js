// Copies a text that stands on the page. Browsers have a clipboard for pages
// only on HTTPS and localhost; elsewhere the text is selected and copied as a
// person would do it.
async function copyText(element) {
  if (navigator.clipboard) return navigator.clipboard.writeText(element.textContent);
  getSelection().selectAllChildren(element);
  if (!document.execCommand("copy")) throw new Error("refused");
  getSelection().removeAllRanges();
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  const said = button.parentElement.querySelector("output");
  said.textContent = "";
  try {
    await copyText(document.getElementById(button.dataset.copy));
    said.textContent = "Copied";
  } catch {
    said.textContent = "The browser did not copy it: press Ctrl+C";
    getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
  }
});
