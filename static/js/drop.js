// A file can be dropped anywhere: while one is held over the page a target
// covers it, and what is let go of there goes to the upload page. A page with a
// file input of its own keeps its drops.
const dropTarget = () => document.getElementById("drop-anywhere");
const ownInput = () => document.querySelector("input[type=file]:not(#file, .sent input)");
let dropped;

function hold(event, held) {
  if (!dropTarget() || ownInput() || !event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  dropTarget().hidden = !held;
}

document.addEventListener("dragenter", (event) => hold(event, true));
document.addEventListener("dragover", (event) => hold(event, true));
document.addEventListener("dragleave", (event) => {
  if (event.target === dropTarget()) hold(event, false);
});

document.addEventListener("drop", (event) => {
  hold(event, false);
  if (!event.defaultPrevented) return;
  dropped = event.dataTransfer.files;
  if (document.getElementById("file")) handOver();
  else htmx.trigger(dropTarget(), "dropped"); // brings the upload page
});

document.addEventListener("htmx:afterSettle", handOver);

// Handing files over is as if a person had chosen them.
function handOver() {
  const input = document.getElementById("file");
  if (!input || !dropped) return;
  input.files = dropped;
  dropped = undefined;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
