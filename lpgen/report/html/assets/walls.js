// The two walls: from the principal to actions, from actions to resources. The taller a gap, the more actions it allows.

const LEVELS = ["List", "Read", "Write", "Tagging", "Permissions management"];
const SLOT = 24;
const HIGHEST = 36;
const CUT = 56;
const LABEL = 18;
const WALL = 12;
const NARROW = 430;

function sum(levels, at) {
  return levels.reduce((whole, level) => whole + level[at], 0);
}

// A service in the picture: how much passes, how much was used, and how far the second hole is open.
function flowOf(service, after) {
  const [granted, seen, stays, unseen] = [0, 1, 2, 3].map((at) => sum(service.levels, at));
  return after
    ? { open: stays, seen: stays - unseen, kept: unseen, granted, scope: service.after }
    : { open: granted, seen, kept: 0, granted, scope: service.before };
}

function scopeText([any, patterns, names], open) {
  if (!open) return "";
  if (any) return patterns ? `any except ${plural(patterns, "pattern")}` : "any resource";
  const parts = [patterns && plural(patterns, "pattern"), names && plural(names, "name")].filter(Boolean);
  return parts.join(", ") || "unknown";
}

function shorten(text, room) {
  const most = Math.max(6, Math.floor(room / 6.3));
  if (text.length <= most) return text;
  return `${text.slice(0, Math.ceil(most / 3))}…${text.slice(text.length - (most - Math.ceil(most / 3) - 1))}`;
}

function holeHeight(number, scale) {
  return number ? Math.min(CUT, Math.max(3, Math.sqrt(number) * scale)) : 0;
}

function secondHole(height, [any, patterns, names]) {
  return any ? height : Math.max(2, Math.min(height * 0.6, 2 + 2 * patterns + names));
}

function columnsOf(width) {
  const narrow = width < NARROW;
  const first = narrow ? 18 : 40;
  const second = Math.round(width * (narrow ? 0.62 : 0.64));
  return { who: narrow ? 6 : 10, first, second, cells: first + WALL + 8, end: second - 8, labels: second + WALL + 8 };
}

function band(kind, x, y, width, height) {
  return height > 0 && width > 0 ? shape("rect", { class: kind, x, y, width, height }) : null;
}

function levelCells(service, after, x, y, width) {
  const shown = service.levels.map((level, at) => [at, level]).filter(([, level]) => level[0]);
  const weights = shown.map(([, level]) => Math.max(Math.sqrt(level[0]), 0.01));
  const whole = weights.reduce((a, b) => a + b, 0);
  const least = 22;
  const spare = Math.max(0, width - least * shown.length - 3 * (shown.length - 1));
  let left = x;
  return shown.map(([at, [granted, seen, stays, unseen]], place) => {
    const wide = least + (spare * weights[place]) / whole;
    const passed = after ? stays : granted;
    const used = after ? stays - unseen : seen;
    const numbers = after ? `${count(stays)}/${count(granted)}` : `${count(seen)}/${count(granted)}`;
    const text = wide > 8 * numbers.length + 18 ? `${LEVELS[at][0]} ${numbers}` : LEVELS[at][0];
    const said = after ? `${count(stays)} of ${count(granted)} kept` : `${count(seen)} of ${count(granted)} used`;
    const cell = shape(
      "g",
      { class: passed ? "cell" : "cell closed" },
      shape("title", {}, `${service.name}, ${LEVELS[at]}: ${said}`),
      band("frame", left, y, wide, 20),
      band("seen", left, y + 16, (wide * used) / granted, 4),
      after && band("kept", left + (wide * used) / granted, y + 16, (wide * unseen) / granted, 4),
      shape("text", { x: left + 5, y: y + 12 }, text),
    );
    left += wide + 3;
    return cell;
  });
}

function serviceRow(service, after, columns, width, y, scale) {
  const flow = flowOf(service, after);
  const slot = Math.max(SLOT, holeHeight(flow.granted, scale));
  const top = y + LABEL;
  const middle = top + slot / 2;
  const first = holeHeight(flow.open, scale);
  const second = flow.open ? secondHole(first, flow.scope) : 0;
  const share = (height, part) => (part ? Math.max(1.5, (height * part) / flow.open) : 0);
  const passed = (x, wide, height) => {
    const [seen, kept] = [share(height, flow.seen), share(height, flow.kept)];
    const high = Math.max(height, seen + kept);
    return [
      band("air", x, middle - high / 2, wide, high),
      band("seen", x, middle - (seen + kept) / 2, wide, seen),
      band("kept", x, middle + (seen - kept) / 2, wide, kept),
    ];
  };
  const passing = `${count(after ? flow.open : flow.seen)} of ${count(flow.granted)}`;
  const counted = width < NARROW ? passing : `${passing} ${after ? "kept" : "used"}`;
  const room = width - columns.labels;
  const name =
    flow.open && flow.scope[3].length && !(flow.scope[0] && !flow.scope[1])
      ? shape(
          "text",
          { class: "name", x: columns.labels, y: middle + 15 },
          shape("title", {}, flow.scope[3].join("\n")),
          shorten(flow.scope[3][0].replace(/^arn:[a-z-]*:/, ""), room),
        )
      : null;
  return {
    height: LABEL + slot + 8,
    parts: [
      shape(
        "text",
        { class: "service", x: columns.cells, y: y + 12 },
        shape("tspan", {}, shorten(service.name, columns.end - columns.cells - 7 * counted.length - 12)),
        shape("tspan", { class: "counted", dx: 8 }, counted),
      ),
      passed(columns.who, columns.first + WALL - columns.who + 8, first),
      levelCells(service, after, columns.cells, middle - 10, columns.end - columns.cells),
      passed(columns.end, columns.second - columns.end + WALL + 4, second),
      shape(
        "text",
        { class: "scope", x: columns.labels, y: middle + (name ? 1 : 4) },
        shorten(scopeText(flow.scope, flow.open), room),
      ),
      name,
    ],
  };
}

function wallPicture(services, after, width) {
  const columns = columnsOf(width);
  const named = services.filter((service) => !service.others);
  const most = Math.max(...named.map((service) => sum(service.levels, 0)), 1);
  const scale = HIGHEST / Math.sqrt(most);
  const head = 22;
  let y = head;
  const drawn = services.map((service) => {
    const row = serviceRow(service, after, columns, width, y, scale);
    y += row.height;
    return row.parts;
  });
  const wall = (x) => shape("rect", { class: "wall", x, y: head, width: WALL, height: y - head });
  const titles = [
    [columns.cells, "actions"],
    [columns.labels, "resources"],
  ].map(([x, text]) => shape("text", { class: "head", x, y: 13 }, text));
  const seen = services.reduce((whole, service) => whole + sum(service.levels, after ? 2 : 1), 0);
  const granted = services.reduce((whole, service) => whole + sum(service.levels, 0), 0);
  const said = after
    ? `After: ${count(seen)} of ${count(granted)} actions kept`
    : `Before: ${count(seen)} of ${count(granted)} actions used`;
  return shape(
    "svg",
    {
      class: "walls",
      viewBox: `0 0 ${width} ${y}`,
      width,
      height: y,
      role: "img",
      "aria-label": `${said}; the table below has the numbers`,
    },
    titles,
    shape("text", { class: "head", x: 0, y: 13 }, width < NARROW ? "" : "who"),
    shape("rect", { class: "who", x: 0, y: head, width: columns.who, height: y - head, rx: 3 }),
    wall(columns.first),
    wall(columns.second),
    drawn,
  );
}

const KEYS = [
  ["air", "gap: the policies allow it"],
  ["seen", "used or attempted"],
  ["kept", "kept without recorded use"],
  ["wall", "wall: not allowed"],
];

function wallLegend() {
  return el(
    "figcaption",
    { class: "keys" },
    KEYS.map(([kind, text]) =>
      el(
        "span",
        { class: "key" },
        shape(
          "svg",
          { viewBox: "0 0 12 12", "aria-hidden": "true" },
          shape("rect", { class: kind, width: 12, height: 12 }),
        ),
        text,
      ),
    ),
    el(
      "span",
      { class: "quiet" },
      "The taller the gap, the more actions it allows. A box is an access level: L List, R Read, W Write, T Tagging, P Permissions management; 2/34 is 2 of 34 actions.",
    ),
  );
}

function wallTable({ walls, replaced }) {
  const heads = ["service", ...LEVELS, "all", "resources before", replaced && "resources after"].filter(Boolean);
  const cell = (levels) => {
    const [granted, seen, stays] = [0, 1, 2].map((at) => sum(levels, at));
    if (!granted) return el("td", { class: "number zero" }, "–");
    const said = `${count(seen)} of ${count(granted)} used`;
    return el("td", { class: "number" }, said, replaced && el("span", { class: "under" }, `${count(stays)} kept`));
  };
  const scope = (found, open) =>
    el(
      "td",
      {},
      scopeText(found, open) || "closed",
      found[3].map((text) => el("span", { class: "under" }, code(text))),
    );
  const body = walls.map((service) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, code(service.name)),
      service.levels.map((level) => cell([level])),
      cell(service.levels),
      scope(service.before, 1),
      replaced && scope(service.after, sum(service.levels, 2)),
    ),
  );
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": "walls as a table" },
    el(
      "table",
      {},
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          heads.map((title, at) => el("th", { scope: "col", class: at && at < 7 ? "number" : null }, title)),
        ),
      ),
      el("tbody", {}, body),
    ),
  );
}

function wallFigure(data) {
  const sides = data.replaced ? [false, true] : [false];
  const panes = sides.map((after) => {
    const title = data.replaced ? (after ? "After" : "Before") : "Now";
    return { after, node: el("div", { class: "pane" }, el("h4", {}, title)) };
  });
  const figure = el(
    "figure",
    { class: "wall-figure" },
    el(
      "div",
      { class: sides.length > 1 ? "panes" : "panes single" },
      panes.map((pane) => pane.node),
    ),
    wallLegend(),
  );
  let drawn = 0;
  const draw = () => {
    const width = Math.min(sides.length > 1 ? 640 : 960, Math.floor(panes[0].node.clientWidth));
    if (width < 200 || width === drawn) return;
    drawn = width;
    for (const pane of panes) {
      pane.node.querySelector("svg")?.remove();
      pane.node.append(wallPicture(data.walls, pane.after, width));
    }
  };
  new ResizeObserver(draw).observe(figure);
  return figure;
}
