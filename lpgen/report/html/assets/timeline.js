// The days with a record of each action, over the days that the logs cover.

const DAY = 86400000;
const MOST_LINES = 20;
const KINDS = { used: "used", attempted: "attempted", denied: "denied", ungranted: "not granted" };
const LOOKS = { used: "seen", attempted: "kept" };

function dayNumber(use, day) {
  return Math.round((Date.parse(day) - Date.parse(use.first)) / DAY);
}

// The first day and the number of days of each run, from ranges such as `0-4,7`.
function runsOfDays(ranges) {
  return ranges
    .split(",")
    .filter(Boolean)
    .map((range) => {
      const [first, last = first] = range.split("-").map(Number);
      return [first, last - first + 1];
    });
}

function dayChart(use, height, said, ...drawn) {
  const days = dayNumber(use, use.last) + 1;
  const missing = use.missing.map(([from, to, why]) => {
    const x = dayNumber(use, from);
    const look = { class: "hole", x, width: dayNumber(use, to) - x + 1, height };
    return shape("rect", look, shape("title", {}, `${from} to ${to}: ${why}`));
  });
  return shape(
    "svg",
    { class: "bar", viewBox: `0 0 ${days} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": said },
    shape("title", {}, said),
    shape("rect", { class: "ground", width: days, height }),
    missing,
    drawn,
  );
}

// The number of actions used or attempted on each day.
function activity(use) {
  const numbers = Array(dayNumber(use, use.last) + 1).fill(0);
  for (const [, kind, , , , , , ranges] of use.rows) {
    if (kind === "denied") continue;
    for (const [first, days] of runsOfDays(ranges)) {
      for (let day = first; day < first + days; day += 1) numbers[day] += 1;
    }
  }
  return numbers;
}

function activityRow(use) {
  const numbers = activity(use);
  const most = Math.max(...numbers, 1);
  const active = numbers.filter(Boolean).length;
  const said = `used on ${plural(active, "day")}, ${most === 1 ? "one action" : `up to ${count(most)} actions`} a day`;
  const path = numbers.map((number, day) => (number ? `M${day} ${most}v${-number}h1v${number}z` : "")).join("");
  return el(
    "tr",
    { class: "activity" },
    el("th", { scope: "row" }, "actions used or attempted, by day"),
    el("td", { class: "when" }, dayChart(use, most, said, shape("path", { class: "seen", d: path }))),
    el("td", { class: "number" }, count(active)),
    el("td", {}),
    el("td", { colspan: 2 }, said),
  );
}

function timelineRow(use, [action, kind, records, first, last, example, resource, ranges]) {
  const runs = runsOfDays(ranges);
  const days = runs.reduce((whole, run) => whole + run[1], 0);
  const word = KINDS[kind] || kind;
  const path = runs.map(([day, length]) => `M${day} 0h${length}v1h${-length}z`).join("");
  const said = `${word} on ${plural(days, "day")}, ${plural(records, "record")}`;
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, code(action), kind === "used" ? null : el("span", { class: "tag" }, word)),
    el(
      "td",
      { class: "when" },
      dayChart(use, 1, said, shape("path", { class: `ticks ${LOOKS[kind] || "refused"}`, d: path })),
    ),
    el("td", { class: "number" }, count(days)),
    el("td", { class: "number" }, count(records)),
    el("td", { class: "span" }, first === last ? first : `${first} – ${last}`),
    el("td", { class: "example" }, el("code", { title: resource }, example)),
  );
}

function timelineTable(use, lines, titled, lead) {
  const heads = [
    ["", "action"],
    ["when", el("span", { class: "axis" }, el("span", {}, use.first), el("span", {}, use.last))],
    ["number", "days"],
    ["number", "records"],
    ["span", "first – last"],
    ["example", "example event"],
  ];
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": titled },
    el(
      "table",
      { class: "timeline" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          heads.map(([look, title]) => el("th", { scope: "col", class: look || null }, title)),
        ),
      ),
      el(
        "tbody",
        {},
        lead,
        lines.map((line) => timelineRow(use, line)),
      ),
    ),
  );
}

function timelineSection(use) {
  if (!use) return el("p", { class: "quiet" }, "No record of this principal was read.");
  const rest = use.rows.slice(MOST_LINES);
  return [
    el("p", { class: "quiet" }, "Each mark is a day (UTC) with a record of the action. Outlined days have no evidence."),
    timelineTable(use, use.rows.slice(0, MOST_LINES), "use by day", activityRow(use)),
    rest.length
      ? el(
          "details",
          {},
          el("summary", {}, plural(rest.length, "more action")),
          timelineTable(use, rest, "more use by day"),
        )
      : null,
  ];
}
