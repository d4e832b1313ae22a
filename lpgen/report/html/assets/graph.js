// The picture, its questions, and the panel with the evidence. Texts from policies become text nodes only.

const [MOST_IN_COLUMN, MOST_ON_PHONE, FEWEST_STEPS, MOST_LISTED, MOST_MATCHES] = [10, 8, 3, 200, 12];
const NARROW = 640; // pixels
const USES = { used: "used", never: "not used in the covered days", unseen: "use can't be seen" };
const KINDS = ["admin", "role", "user", "group", "resource", "outside"];
const STATES = ["", "Open.", "Open if the condition keys have the right values."];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HINT = "Select a node or a line for its evidence. Arrow keys move between nodes, Enter opens the evidence.";
const get = (id) => document.getElementById(id);
const [picture, panel, searchBox, matches] = ["picture", "panel", "search", "matches"].map(get);
const pen = el("canvas").getContext("2d");
const admins = nodes.filter((node) => node.kind === ADMIN).map((node) => node.id);
const view = { when: TODAY, every: network.ask.every, pinned: new Set(), picked: null };
let [question, shown] = [null, null];

const nameOf = ({ kind, name }) => (kind === USER || kind === GROUP ? `${KINDS[kind]}/${name}` : name);
const arrow = (edge) => `${nameOf(nodes[edge.from])} → ${nameOf(nodes[edge.to])}`;
const stateOf = (edge) => edge.evidence.states[view.when];
const isCut = (edge) => view.when === AFTER && stateOf(edge) === 0;
const quiet = (text, tag = "span") => el(tag, { class: "quiet" }, text);

function shorten(text, width, size = 13) {
  pen.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  const cut = (kept) => `${text.slice(0, Math.ceil(kept / 2))}…${text.slice(text.length - Math.floor(kept / 2))}`;
  let [short, kept] = text.length < 80 ? [text, text.length] : [cut(80), 80];
  while (kept > 2 && pen.measureText(short).width > width) short = cut((kept -= 1));
  return short;
}

// ------------------------------------------------------------------ the question

// The address determines the question: `#kind=in&node=ARN`. Without a node, it is the one that the command asked.
function start() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const [arn, asked] = [fields.get("node") ?? "", network.ask];
  const kind = ["in", "out", network.compared && "cut"].find((one) => one === fields.get("kind")) ?? asked.kind;
  const chosen = arn === "admin" ? admins : nodes.filter((node) => node.arn === arn).map((node) => node.id);
  const only = chosen.length || kind === "out" ? [] : asked.only;
  question = { kind, node: arn, chosen: chosen.length ? chosen : asked.nodes, only };
  draw();
}

function ask(change) {
  const { kind, node } = { ...question, ...change };
  if (kind === "cut") view.when = AFTER;
  view.pinned.clear();
  view.picked = null;
  history.pushState(null, "", `#${new URLSearchParams({ kind, node })}`);
  start();
}

function subject(chosen) {
  if (chosen.length > 1 && nodes[chosen[0]].kind !== ADMIN) return plural(chosen.length, "principal");
  return chosen.length ? nameOf(nodes[chosen[0]]) : "nothing";
}

// The answer counts principals by their state in the view: 0 (no longer), 1 (open), 2 (depends).
function answer({ columns, reach }) {
  const isOther = (id) => columns.get(id) > 0 && [ROLE, USER, OUTSIDE].includes(nodes[id].kind);
  const others = question.only.length ? question.only : [...columns.keys()].filter(isOther);
  const [none, open, depends] = [0, 1, 2].map((state) => others.filter((id) => reach(id, view.when) === state).length);
  const reached = question.kind === "out" ? admins.map((id) => columns.has(id) && reach(id, view.when)) : [];
  const [openRights, moreRights] = [reached.includes(1), reached.includes(2) && !reached.includes(1)];
  const who = (open ? plural(open, "principal") : "no principal") + (openRights ? " and administrative rights" : "");
  const object = subject(question.chosen);
  const lost = others.filter((id) => reach(id, TODAY) && !reach(id, AFTER)).length;
  if (question.kind === "cut") return `The replacements keep ${plural(lost, "principal")} from reaching ${object}.`;
  const fact = question.kind === "in" ? `${who} can reach ${object}` : `${object} can reach ${who}`;
  const more = `${count(depends)} more${moreRights ? " plus administrative rights" : ""}`;
  const possible = depends ? `, and ${more} if condition keys allow it` : "";
  const fewer = view.when === AFTER && none ? `, ${count(none)} fewer than today` : "";
  return `${view.when === AFTER ? "After the replacements, " : ""}${fact}${possible}${fewer}.`;
}

function note({ drawn }) {
  const today = edges.filter((edge) => edge.evidence.states[TODAY]);
  const cut = today.filter((edge) => !edge.evidence.states[AFTER]).length;
  return [
    !drawn.length && "There is nothing to draw.",
    question.only.length && `Only paths from ${subject(question.only)}.`,
    network.compared && `The replacements cut ${count(cut)} of all ${plural(today.length, "edge")}.`,
    drawn.length && !view.every && "Lines are shortest paths; select a node for all its edges.",
  ].filter(Boolean).join(" ");
}

// ------------------------------------------------------------------ the picture

// The columns, in which the nodes that matter less are folded into one. `holder` has the shown node of each node.
function fold({ columns, drawn }, most, deepest) {
  const degrees = new Map();
  for (const { from, to } of drawn) for (const id of [from, to]) degrees.set(id, (degrees.get(id) ?? 0) + 1);
  const ranks = (id) => [view.pinned.has(id), question.only.includes(id), nodes[id].administrator, -columns.get(id)];
  const weigh = (id) => [...ranks(id), degrees.get(id) ?? 0].reduce((sum, rank) => sum * 1e4 + Number(rank), 0);
  const levelOf = (id) => (question.only.length ? columns.get(id) : Math.min(columns.get(id), deepest));
  const byLevel = Map.groupBy(columns.keys(), levelOf);
  const levels = [...byLevel.keys()].sort((one, other) => one - other);
  const [holder, folded] = [new Map(), new Map()];
  const found = levels.map((level) => {
    const ids = byLevel.get(level).sort((one, other) => weigh(other) - weigh(one) || one - other);
    const pinned = ids.filter((id) => view.pinned.has(id)).length;
    const kept = ids.length > most + 1 ? Math.max(most, pinned) : ids.length;
    ids.forEach((id, at) => holder.set(id, at < kept ? id : -1 - level));
    if (ids.length > kept) folded.set(-1 - level, ids.slice(kept));
    const column = ids.slice(0, kept).sort((one, other) => one - other).map((id) => ({ id, frame: nodes[id].cluster }));
    return ids.length > kept ? [...column, { id: -1 - level, frame: "", last: true }] : column;
  });
  return { columns: found, holder, folded, levels };
}

// Edges as lines. Those between folded nodes and their own column say nothing.
function linesOf(drawn, holder, levelOf) {
  const visible = drawn.filter((edge) => view.when === AFTER || stateOf(edge));
  const lines = Map.groupBy(visible, (edge) => `${holder.get(edge.from)} ${holder.get(edge.to)}`);
  const ends = (list) => ({ from: holder.get(list[0].from), to: holder.get(list[0].to), edges: list });
  const isClear = ({ from, to }) => (from >= 0 && to >= 0) || levelOf.get(from) !== levelOf.get(to);
  return [...lines.values()].map(ends).filter(isClear);
}

function strokeOf(list, path, [x, y]) {
  const [use, ...others] = new Set(list.map((edge) => edge.evidence.use));
  const cut = list.every(isCut);
  const mark = cut ? "✕" : list.every((edge) => stateOf(edge) === 2) && "?";
  return shape("g", { class: `line ${others.length ? "several" : use}${cut ? " cut" : ""}` },
    shape("path", { class: "hit", d: path }), shape("path", { class: "stroke", d: path }),
    mark && [shape("circle", { cx: x, cy: y, r: 7 }), shape("text", { x, y: y + 4 }, mark)]);
}

function selectable(group, label, title, picked) {
  fill(group, { tabindex: -1, role: "button", "aria-label": label }, [shape("title", {}, title)]);
  group.addEventListener("focus", () => pick(picked));
  group.addEventListener("click", () => group.focus());
  return group;
}

function lineShape(line) {
  const [edge, ...others] = line.edges;
  const title = others.length ? plural(line.edges.length, "edge") : `${arrow(edge)}: ${USES[edge.evidence.use]}`;
  return selectable(strokeOf(line.edges, line.path, line.mark), title, title, others.length ? { line } : { edge });
}

function nodeShape(id, { x, y, width, height }, { folded, reach }) {
  const [node, isChosen] = [nodes[id], question.chosen.includes(id)];
  const text = node ? nameOf(node) : `and ${count(folded.get(id).length)} more`;
  const star = node && (node.administrator || node.kind === ADMIN);
  const lost = node && view.when === AFTER && !isChosen && !reach(id, AFTER);
  const look = ["node", KINDS[node?.kind] ?? "more", isChosen && "chosen", lost && "lost"].filter(Boolean).join(" ");
  const label = [text, node?.cluster, star && "administrator", lost && "no longer"].filter(Boolean).join(", ");
  const group = shape("g", { class: look, "data-id": id, transform: `translate(${x} ${y})` },
    shape("rect", { width, height, rx: 5 }), star && shape("text", { class: "star", x: 9, y: 19 }, "★"),
    shape("svg", { width: width - 6, height }, // cuts what is too long in spite of all
      shape("text", { x: star ? 26 : 10, y: 19 }, shorten(text, width - (star ? 34 : 18)))));
  return selectable(group, label, node?.arn ?? text, node ? { node } : { more: id });
}

function frameShape({ x, y, label, ...size }) {
  const text = shape("text", { x: x + 8, y: y + 14 }, shorten(label, size.width - 16, 11));
  return label && shape("g", { class: "frame" }, shape("rect", { x, y, ...size, rx: 8 }), text);
}

// `unfolded` is a node that comes out of its fold.
function draw(unfolded) {
  if (unfolded) view.pinned.add(unfolded.id) && (view.picked = { node: unfolded });
  const found = subnetwork({ ...question, every: view.every });
  const width = Math.max(280, Math.floor(picture.clientWidth));
  const [narrow, backward, { picked }] = [width < NARROW, question.kind !== "out", view];
  const deepest = Math.max(FEWEST_STEPS, columnsIn(width) - 1);
  const { columns, holder, folded, levels } = fold(found, narrow ? MOST_ON_PHONE : MOST_IN_COLUMN, deepest);
  const isFolded = !question.only.length && Math.max(...found.columns.values()) > deepest;
  const stepsOf = (level) => plural(level, "step") + (isFolded && level === deepest ? " or more" : "");
  const headOf = (level) => (level ? stepsOf(level) : backward ? "To" : "From");
  if (backward && !narrow) for (const list of [columns, levels]) list.reverse();
  const levelOf = new Map(columns.flatMap((column, at) => column.map(({ id }) => [id, at])));
  const lines = linesOf(found.drawn, holder, levelOf);
  const near = Map.groupBy(lines.flatMap(({ from, to }) => [[from, to], [to, from]]), ([id]) => id);
  const { boxes, frames, heads, ...size } = layOut(columns, near, { width, narrow });
  route(lines, boxes, narrow);
  shown = { ...found, folded, boxes, lines, width: picture.clientWidth };
  for (const line of lines) line.shape = lineShape(line);
  shown.shapes = new Map([...boxes].map(([id, box]) => [id, nodeShape(id, box, shown)]));
  const tip = shape("marker", { id: "tip", viewBox: "0 0 8 8", refX: 5, refY: 4, markerWidth: 7, markerHeight: 7,
    orient: "auto", markerUnits: "userSpaceOnUse" }, shape("path", { d: "M0 0L8 4L0 8z" }));
  const titles = heads.map(({ x, y, at }) => shape("text", { class: "head", x, y }, headOf(levels[at])));
  const look = { ...size, viewBox: `0 0 ${size.width} ${size.height}`, role: "group", "aria-label": "network" };
  const back = [tip, frames.map(frameShape), lines.map((line) => line.shape), titles];
  picture.replaceChildren(shape("svg", look, back, ...shown.shapes.values()));
  picture.scrollLeft = backward ? size.width : 0;
  shown.shapes.get(question.chosen[0])?.setAttribute("tabindex", "0");
  get("answer").textContent = answer(found);
  get("note").textContent = note(found);
  searchBox.value = subject(question.chosen);
  pick(picked?.node || picked?.edge ? picked : null);
  const chosen = [question.kind, view.when === AFTER ? "after" : "today"];
  for (const input of document.querySelectorAll("#controls [type=radio]")) input.checked = chosen.includes(input.value);
  get("every").checked = view.every;
}

// ------------------------------------------------------------------ what is selected

// Selects a node, an edge, a line of several edges, or folded nodes (`more`). Their paths are lit.
function pick(picked) {
  view.picked = picked;
  const { node, edge, line, more } = picked ?? {};
  const content = node ? panelOfNode(node) : edge ? panelOfEdge(edge) : line ? edgeList("Edges", line.edges, arrow) :
    more ? listOf(shown.folded.get(more), (id) => button(code(nameOf(nodes[id])), () => draw(nodes[id]))) : [HINT];
  const close = picked && button("Close", () => pick(null), "small close");
  panel.replaceChildren(...[close, content].flat(Infinity).filter(Boolean));
  panel.classList.toggle("open", picked !== null);
  const lit = new Set(shown.lines.filter((one) => one === line || one.edges.includes(edge)));
  const on = new Set([...lit].flatMap(({ from, to }) => [from, to]));
  for (const [near, far] of node || more ? [["from", "to"], ["to", "from"]] : []) {
    const reached = new Set([node?.id ?? more]);
    for (const id of reached) {
      on.add(id);
      for (const one of shown.lines.filter((other) => other[near] === id)) reached.add(lit.add(one) && one[far]);
    }
  }
  const light = (group, isLit) => {
    group.classList.toggle("dim", picked !== null && !isLit);
    group.classList.toggle("lit", isLit);
  };
  for (const [id, group] of shown.shapes) light(group, on.has(id));
  for (const one of shown.lines) light(one.shape, lit.has(one));
}

function button(content, act, look = "plain") {
  const made = el("button", { type: "button", class: look }, content);
  made.addEventListener("click", () => {
    act();
    panel.focus({ preventScroll: true });
  });
  return made;
}

const sampleOf = (edge) =>
  shape("svg", { class: "sample", width: 36, height: 16 }, strokeOf([edge], "M1 8H35", [18, 8]));
const toNode = (node) => button(code(nameOf(node)), () => pick({ node }));
const listOf = (list, show) => el("ul", {}, list.slice(0, MOST_LISTED).map((one) => el("li", {}, show(one))),
  list.length > MOST_LISTED && quiet(`and ${count(list.length - MOST_LISTED)} more; the search finds them`, "li"));
const edgeList = (title, list, text) => list.length > 0 && [el("h3", {}, `${title} (${count(list.length)})`),
  listOf(list, (edge) => button([sampleOf(edge), code(text(edge))], () => pick({ edge })))];

function panelOfNode(node) {
  const asks = [["in", "Who reaches this?"], ["out", "What does this reach?"]];
  const exists = (edge) => view.when === AFTER || stateOf(edge);
  return [el("h2", {}, code(nameOf(node))), quiet(code(node.arn), "p"),
    node.administrator && el("p", { class: "bad" }, "★ has administrative rights"),
    el("p", {}, asks.map(([kind, text]) => button(text, () => ask({ kind, node: node.arn }), "small"))),
    edgeList("Can become", outOf[node.id].filter(exists), (edge) => nameOf(nodes[edge.to])),
    edgeList("Reached from", into[node.id].filter(exists), (edge) => nameOf(nodes[edge.from]))];
}

function wayWords(at) {
  const [does, pages] = network.ways[at];
  const isOfAws = (page) => page.startsWith("https://docs.aws.amazon.com/");
  const link = (page) => (isOfAws(page) ? el("a", { href: page, rel: "noreferrer" }, "AWS documentation") : code(page));
  return [`It ${does}. `, pages.map((page) => [link(page), " "])];
}

function statementWords([layer, policy, statement], to) {
  const own = to.kind === ROLE ? "the trust policy of " : "the policy of ";
  const where = { boundary: "the boundary ", identity: "" }[layer] ?? (policy ? "the policy of " : own);
  return [where, code(policy || nameOf(to)), ", statement ", code(statement)];
}

function panelOfEdge(edge) {
  const { states, way, others, words, keys, statements, through, ifExists, rcpUnknown } = edge.evidence;
  const rows = [["Way", wayWords(way)], ["Today", STATES[states[TODAY]] || "Closed."],
    network.compared && ["After the replacements", STATES[states[AFTER]] || el("span", { class: "good" }, "Cut.")],
    ["Use", [sampleOf(edge), " ", words]],
    keys.length && ["Depends on", listOf(keys, code)],
    statements.length && ["Allowed by", listOf(statements, (one) => statementWords(one, nodes[edge.to]))],
    through && ["Runs in", code(through)],
    ifExists && ["Only if", "what it needs exists; no inventory or snapshot lists it."],
    rcpUnknown && ["Not decided", "RCPs could close it, and none were given."],
    others.length && ["Other ways", listOf(others, wayWords)]];
  const terms = rows.filter(Boolean).map(([title, content]) => [el("dt", {}, title), el("dd", {}, content)]);
  return [el("h2", {}, toNode(nodes[edge.from]), " → ", toNode(nodes[edge.to])), el("dl", {}, terms)];
}

// ------------------------------------------------------------------ keys and controls

function moveFrom(id, [dx, dy]) {
  const box = shown.boxes.get(id);
  const far = ([, { x, y }]) => Math.abs(x - box.x) * (dx ? 1e5 : 0) + Math.abs(y - box.y);
  const isAhead = ([, { x, y }]) => (x - box.x) * dx + (y - box.y) * dy > 0 && (dx !== 0 || x === box.x);
  const [next] = [...shown.boxes].filter(isAhead).sort((one, other) => far(one) - far(other));
  if (!next) return;
  for (const [other, group] of shown.shapes) group.setAttribute("tabindex", other === next[0] ? "0" : "-1");
  shown.shapes.get(next[0]).focus();
}

function pressInPicture(event) {
  const { id } = event.target.dataset;
  if (event.key === "Escape") pick(null);
  else if (event.key === "Enter" || event.key === " ") (panel.querySelector("ul button, dl a") ?? panel).focus();
  else if (event.key in ARROWS && id !== undefined) moveFrom(Number(id), ARROWS[event.key]);
  else return;
  event.preventDefault();
}

function pressInPanel(event) {
  const { node, edge, line, more } = view.picked ?? {};
  const drawn = shown.lines.find((one) => one === line || one.edges.includes(edge));
  const back = shown.shapes.get(node?.id ?? more) ?? drawn?.shape ?? picture.querySelector("[tabindex='0']");
  if (event.key === "Escape") back?.focus();
}

function showMatches(active = 0) {
  const parts = searchBox.value.toLowerCase().split(/\s+/);
  const options = [{ name: "administrative rights", arn: "admin", cluster: "in any account" }, ...nodes];
  const found = options.filter(({ name, arn }) => parts.every((part) => `${name} ${arn}`.toLowerCase().includes(part)));
  const rest = found.length - MOST_MATCHES;
  const more = rest > 0 ? `and ${count(rest)} more` : !found.length && "no match";
  const listed = found.slice(0, MOST_MATCHES).map((node, at) => {
    const look = { role: "option", id: `match-${at}`, "aria-selected": String(at === active), "data-arn": node.arn };
    return el("li", look, code(nameOf(node)), quiet(` ${node.cluster}`));
  });
  matches.replaceChildren(...listed, more ? quiet(more, "li") : "");
  openMatches(true);
  searchBox.setAttribute("aria-activedescendant", `match-${active}`);
}

function openMatches(isOpen) {
  matches.hidden = !isOpen;
  if (!isOpen) searchBox.value = subject(question.chosen);
  searchBox.setAttribute("aria-expanded", String(isOpen));
}

function choose(option) {
  openMatches(false);
  if (option) ask({ node: option.dataset.arn });
}

function pressInSearch(event) {
  const options = [...matches.querySelectorAll("[role=option]")];
  const at = options.findIndex((option) => option.ariaSelected === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) showMatches(matches.hidden ? 0 : Math.max(0, Math.min(options.length - 1, at + step)));
  else if (event.key === "Enter" && !matches.hidden && at >= 0) choose(options[at]);
  else if (event.key === "Escape") openMatches(false);
  else return;
  event.preventDefault();
}

function drawLegend() {
  const example = (use, state) => sampleOf({ evidence: { states: [state, state], use } });
  view.when = AFTER;
  const entries = [...Object.entries(USES).map(([use, text]) => [example(use, 1), text]),
    [example("unseen", 2), "depends on condition keys"], [el("span", { class: "star" }, "★"), "administrator"],
    ...(network.compared ? [[example("never", 0), "cut by the replacements"]] : [])];
  view.when = TODAY;
  get("legend").append(...entries.map(([mark, text]) => el("span", { class: "key" }, mark, text)));
}

document.documentElement.classList.add("scripted");
get("controls").addEventListener("change", ({ target }) => {
  if (target.name === "kind") return ask({ kind: target.value });
  if (target.name === "when") view.when = target.value === "after" ? AFTER : TODAY;
  if (target.id === "every") view.every = target.checked;
  return target !== searchBox && draw();
});
searchBox.addEventListener("input", () => showMatches());
searchBox.addEventListener("focus", () => searchBox.select());
searchBox.addEventListener("blur", () => choose(null));
searchBox.addEventListener("keydown", pressInSearch);
matches.addEventListener("pointerdown", (event) => choose(event.target.closest("[data-arn]")));
picture.addEventListener("keydown", pressInPicture);
panel.addEventListener("keydown", pressInPanel);
addEventListener("hashchange", start);
drawLegend();
start();
new ResizeObserver(() => picture.clientWidth === shown.width || draw()).observe(picture);
