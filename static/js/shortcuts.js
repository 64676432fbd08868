// Keys for those who do not like the mouse; "?" shows them. While something is
// typed they are letters.
const pages = { o: "/", d: "/devices", p: "/platforms", n: "/new-devices", a: "/activity" };
const help = document.getElementById("shortcuts");
let goes = 0; // when g was pressed

function search() {
  const field = document.getElementById("search");
  if (!field.checkVisibility()) document.getElementById("menu").showPopover();
  field.focus();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat || !help) return;
  const going = Date.now() - goes < 1500;
  goes = 0;
  if (help.open) {
    if (event.key === "?") help.close();
    return;
  }
  if (going && event.key in pages) location.assign(pages[event.key]);
  else if (event.key === "g") goes = Date.now();
  else if (event.key === "?") help.showModal();
  else if (event.key === "u") document.querySelector(".bar a[href='/uploads/new']")?.click();
  else if (event.key === "/") search();
  else return;
  event.preventDefault();
});
