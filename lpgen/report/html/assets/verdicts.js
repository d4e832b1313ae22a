// Every action that is or was granted, by outcome and reason. Actions can be found by name.

const OUTCOMES = { removed: "removed", kept: "kept", granted: "granted", ungranted: "not granted" };
const MOST_NAMES = 12;
const MOST_FOUND = 500;

function actionsIn(ranges) {
  const [known, more] = [namedActions(), fileData["more-actions"] ?? []];
  return ranges.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    const beyond = more.slice(Math.max(first - known.length, 0), Math.max(last + 1 - known.length, 0));
    return [...known.slice(first, last + 1), ...beyond];
  });
}

function nameList(names) {
  const shown = names.length > MOST_NAMES + 1 ? names.slice(0, MOST_NAMES) : names;
  const list = el(
    "span",
    { class: "names" },
    shown.map((name) => [code(name), " "]),
  );
  if (shown.length < names.length) {
    const more = el("button", { type: "button", class: "small" }, `and ${count(names.length - shown.length)} more`);
    more.addEventListener("click", () => {
      list.replaceChildren(...names.flatMap((name) => [code(name), " "]));
    });
    list.append(more);
  }
  return list;
}

// Bad only if it stays without recorded use.
function dangerNote(group, text) {
  const stays = group.outcome !== "removed" && isUnseen(group);
  return el("p", { class: stays ? "bad" : "strong" }, `▲ ${text}`);
}

const isUnseen = ({ verdict }) => verdict === "unused" || verdict === "unobservable";

function verdictRows(group) {
  const texts = shared("texts");
  return group.rows.map(([service, reason, danger, ranges]) => {
    const names = actionsIn(ranges).map((action) => action.slice(service.length + 1));
    return el(
      "tr",
      {},
      el("td", {}, el("code", {}, service)),
      el("td", { class: "number" }, count(names.length)),
      el("td", {}, danger >= 0 && dangerNote(group, texts[danger]), nameList(names)),
      el("td", { class: "why" }, texts[reason]),
    );
  });
}

function verdictGroup(group) {
  const sure = group.confidence ? `confidence ${group.confidence}` : "";
  const details = el(
    "details",
    { class: "verdicts" },
    el(
      "summary",
      {},
      el("span", { class: `outcome ${group.outcome}` }, OUTCOMES[group.outcome]),
      el("b", {}, plural(group.count, "action")),
      el("span", {}, group.why),
      el("span", { class: "quiet" }, sure),
    ),
  );
  details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector("table")) return;
    const head = el(
      "tr",
      {},
      ["service", "actions", "which", "why"].map((title, at) =>
        el("th", { scope: "col", class: at === 1 ? "number" : null }, title),
      ),
    );
    details.append(
      el(
        "div",
        { class: "scroll tall", tabindex: "0", role: "group", "aria-label": "actions" },
        el("table", {}, el("thead", {}, head), el("tbody", {}, verdictRows(group))),
      ),
    );
  });
  return details;
}

function foundActions(data, wanted, dangerous) {
  const [found, texts] = [[], shared("texts")];
  for (const group of data.verdicts) {
    for (const [, reason, danger, ranges] of group.rows) {
      if (dangerous && (danger < 0 || !isUnseen(group))) continue;
      for (const action of actionsIn(ranges)) {
        if (action.toLowerCase().includes(wanted))
          found.push([action, group, texts[reason], danger < 0 ? "" : texts[danger]]);
      }
    }
  }
  return found;
}

function foundTable(found) {
  const rowsOfFound = found
    .slice(0, MOST_FOUND)
    .map(([action, group, reason, danger]) =>
      el(
        "tr",
        {},
        el("td", {}, code(action)),
        el("td", {}, el("span", { class: `outcome ${group.outcome}` }, OUTCOMES[group.outcome])),
        el("td", { class: "why" }, reason, danger && dangerNote(group, danger)),
      ),
    );
  return [
    el(
      "p",
      { role: "status" },
      found.length > MOST_FOUND
        ? `the first ${count(MOST_FOUND)} of ${count(found.length)} actions`
        : plural(found.length, "action"),
    ),
    el(
      "div",
      { class: "scroll tall", tabindex: "0", role: "group", "aria-label": "found actions" },
      el("table", {}, el("tbody", {}, rowsOfFound)),
    ),
  ];
}

function verdictSection(data) {
  const input = el("input", {
    type: "search",
    placeholder: "such as DeleteBucket",
    autocomplete: "off",
    spellcheck: "false",
  });
  const groups = el(
    "div",
    {},
    data.verdicts.map((group) => verdictGroup(group)),
  );
  const results = el("div", { hidden: true });
  const dangerous = el("input", { type: "checkbox" });
  const search = () => {
    const wanted = input.value.trim().toLowerCase();
    const searching = wanted !== "" || dangerous.checked;
    groups.hidden = searching;
    results.hidden = !searching;
    results.replaceChildren(...(searching ? foundTable(foundActions(data, wanted, dangerous.checked)) : []));
  };
  input.addEventListener("input", search);
  dangerous.addEventListener("input", search);
  return el(
    "div",
    {},
    el(
      "div",
      { class: "finder" },
      el("label", {}, "Find an action ", input),
      el("label", { class: "check" }, dangerous, " only dangerous and unused"),
    ),
    groups,
    results,
  );
}
