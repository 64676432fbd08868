// Times age while a page is open, in the words of the server (spans in
// render.go), and tell the exact time in the viewer's zone.
const spans = [
  [1, "just now", 1], [60, "%d s", 1], [3600, "%d min", 60], [86400, "%d h", 3600], [2 * 86400, "1 day", 1],
  [7 * 86400, "%d days", 86400], [14 * 86400, "1 week", 1], [30 * 86400, "%d weeks", 7 * 86400], [60 * 86400, "1 month", 1],
  [360 * 86400, "%d months", 30 * 86400], [720 * 86400, "1 year", 1], [Infinity, "%d years", 360 * 86400],
];
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "long" });

// The clock of this computer may be wrong; a page is a few seconds old at most.
const ahead = Date.now() - Number(document.getElementById("main").dataset.since ?? Date.now());
const skew = Math.abs(ahead) > 30_000 ? ahead : 0;

function age(time) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const seconds = (Date.now() - skew - at) / 1000;
  const [, words, unit] = spans.find(([limit]) => Math.abs(seconds) < limit);
  const side = words === "just now" ? "" : seconds < 0 ? " from now" : " ago";
  const relative = words.replace("%d", Math.floor(Math.abs(seconds) / unit)) + side;
  time.title = exact.format(at);
  const text = "exact" in time.dataset ? time.title : relative;
  if (time.textContent !== text) time.textContent = text;
}

const ageAll = () => document.querySelectorAll("time[datetime]").forEach(age);
ageAll();
setInterval(() => document.hidden || ageAll(), 10_000);
for (const event of ["htmx:load", "live:load", "visibilitychange"]) document.addEventListener(event, ageAll);
