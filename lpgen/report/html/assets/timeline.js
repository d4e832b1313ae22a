// When each action was seen first and last, over the days that the logs cover.

const DAY = 86400000;
const MOST_LINES = 20;
const KINDS = { used: "used", attempted: "tried", denied: "denied", ungranted: "not granted" };

function timelineBar(use, first, last, kind, said) {
  const start = Date.parse(use.first);
  const days = Math.round((Date.parse(use.last) - start) / DAY) + 1;
  const place = (from, to) => {
    const x = (1000 * Math.round((Date.parse(from) - start) / DAY)) / days;
    const width = (1000 * (Math.round((Date.parse(to) - Date.parse(from)) / DAY) + 1)) / days;
    return Number.isFinite(x + width) ? { x: Math.min(x, 994), y: 0, width: Math.max(width, 6), height: 10 } : null;
  };
  const drawn = [
    ...use.missing.map(([from, to, why]) => [place(from, to), "hole", why]),
    [place(first, last), kind, said],
  ];
  return shape(
    "svg",
    { class: "bar", viewBox: "0 0 1000 10", preserveAspectRatio: "none", role: "img", "aria-label": said },
    shape("rect", { class: "ground", width: 1000, height: 10 }),
    drawn
      .filter(([at]) => at)
      .map(([at, look, text]) => shape("rect", { class: look, ...at }, shape("title", {}, text))),
  );
}

function timelineRow(use, [action, kind, records, first, last, example, resource]) {
  const said = `${KINDS[kind] || kind}, ${plural(records, "record")}, ${first || "time unknown"}${last && last !== first ? ` to ${last}` : ""}`;
  const look = kind === "used" ? "seen" : kind === "attempted" ? "kept" : "refused";
  return el(
    "tr",
    {},
    el(
      "th",
      { scope: "row" },
      code(action),
      kind === "used" ? null : el("span", { class: "tag" }, KINDS[kind] || kind),
    ),
    el("td", { class: "when" }, timelineBar(use, first, last, look, said)),
    el("td", { class: "number" }, count(records)),
    el("td", { class: "days" }, first === last ? first : `${first} – ${last}`),
    el("td", { class: "example" }, el("code", { title: resource }, example)),
  );
}

function timelineTable(use, lines, titled) {
  const head = el(
    "tr",
    {},
    el("th", { scope: "col" }, "action"),
    el(
      "th",
      { scope: "col", class: "when" },
      el("span", { class: "axis" }, el("span", {}, use.first), el("span", {}, use.last)),
    ),
    el("th", { scope: "col", class: "number" }, "records"),
    el("th", { scope: "col" }, "first – last"),
    el("th", { scope: "col" }, "example event"),
  );
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": titled },
    el(
      "table",
      { class: "timeline" },
      el("thead", {}, head),
      el(
        "tbody",
        {},
        lines.map((line) => timelineRow(use, line)),
      ),
    ),
  );
}

function timelineSection(use) {
  if (!use) return el("p", { class: "quiet" }, "No record of this principal was read.");
  const rest = use.rows.slice(MOST_LINES);
  return [
    timelineTable(use, use.rows.slice(0, MOST_LINES), "use"),
    rest.length
      ? el(
          "details",
          {},
          el("summary", {}, `${plural(rest.length, "more action")}`),
          timelineTable(use, rest, "more use"),
        )
      : null,
  ];
}
