// Times age while a page is open, in the words of the server (relative in
// render.go), and tell the exact time in the viewer's zone.
const spans = [
  [1, "just now", 1], [60, "%d s", 1], [3600, "%d min", 60], [86400, "%d h", 3600], [2 * 86400, "1 day", 86400],
  [7 * 86400, "%d days", 86400], [14 * 86400, "1 week", 7 * 86400], [30 * 86400, "%d weeks", 7 * 86400], [60 * 86400, "1 month", 30 * 86400],
  [360 * 86400, "%d months", 30 * 86400], [720 * 86400, "1 year", 360 * 86400], [Infinity, "%d years", 360 * 86400],
];
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "long" });

// The clock of this computer may be wrong; a page is a few seconds old at most.
const ahead = Date.now() - Number(document.getElementById("main").dataset.since ?? Date.now());
const skew = Math.abs(ahead) > 30_000 ? ahead : 0;

function age(time) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const seconds = (Date.now() - skew - at) / 1000;
  const whole = seconds < 0 ? Math.round : Math.floor;
  const span = seconds < -86400 ? Math.round(-seconds / 86400) * 86400 : Math.abs(seconds);
  const [, words, unit] = spans.find(([limit, , unit]) => Math.max(span, whole(span / unit) * unit) < limit);
  const side = words === "just now" ? "" : seconds < 0 ? " from now" : " ago";
  const relative = words.replace("%d", whole(span / unit)) + side;
  time.title = exact.format(at);
  const text = "exact" in time.dataset ? time.title : relative;
  if (time.textContent !== text) time.textContent = text;
}

const ageAll = () => document.querySelectorAll("time[datetime]").forEach(age);
ageAll();
setInterval(() => document.hidden || ageAll(), 10_000);
for (const event of ["htmx:load", "live:load", "visibilitychange"]) document.addEventListener(event, ageAll);
