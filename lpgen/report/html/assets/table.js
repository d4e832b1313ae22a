// The table of principals: search, filters and order. Rows are created when they are shown, at first only some.

const MOST_ROWS = beside ? 100 : 500; // laying out a hundred takes a tenth of a second after each letter of a search
const table = document.getElementById("principals");
const keys = Array.from(table.tHead.rows[0].cells, (cell) => cell.dataset.key);
const COLUMNS = ["granted", "used", "unused", "unobservable", "kept", "removed", "dangerous_unused", "ungranted"];
const NUMBERS = [...COLUMNS, "kept_unseen", "dangers_left"];
const ALARMING = { dangerous_unused: "dangers_left", ungranted: "ungranted" };
const MOST_TEXT = 200;
const order = { key: "", down: false };
const controls = ["search", "action", "how", "state", "account", "owner", "only"]
  .map((id) => document.getElementById(id))
  .filter(Boolean);

const rowData = parseData("rows");
const rows = rowsOfData(rowData);
const runs = once(() => rowData.gaps.map(runsOf)); // of actions by number
const more = el("p", { class: "quiet", hidden: true }, el("span"), el("button", { type: "button" }, "Show more"));
let mostRows = MOST_ROWS;

function rowsOfData(data) {
  return data.rows.map(([label, arn, account, kind, state, tone, numbers, shares, owned, ...places], at) => {
    const [[owner, source], [granted, used, kept, others]] = [owned, places];
    const notes = [account, kind !== "active" && kind, owner && `owner ${owner} (${source})`];
    const under = notes.filter(Boolean).join(" · ");
    const named = Object.fromEntries(NUMBERS.map((key, place) => [key, numbers[place] ?? 0]));
    const make = () => [
      el("th", { scope: "row" }, el("a", { href: addressOf({ p: arn }) }, label), el("span", { class: "under" }, under)),
      el("td", {}, el("span", { class: `state ${tone}` }, state)),
      numberCell("granted", numbers[0], named),
      sharesCell(shares, data.titles),
      ...COLUMNS.slice(1).map((key, place) => numberCell(key, numbers[place + 1], named)),
    ];
    const text = `${arn} ${label}${under}`.toLowerCase();
    const actions = { granted, used, kept, more: data.more[others], isReplaced: numbers[4] !== null };
    const node = once(() => el("tr", {}, make()));
    return { node, at, arn, account, owner, label, state, text, actions, numbers: named };
  });
}

// The first number of each run and the number after its last, from hexadecimal gaps such as `0-4,2`.
function runsOf(gaps) {
  let end = 0;
  return gaps.split(",").filter(Boolean).map((part) => {
    const [gap, others = 0] = part.split("-").map((text) => parseInt(text, 16));
    const first = end + gap;
    end = first + others + 1;
    return [first, end];
  });
}

function numberCell(key, number, named) {
  const look = number ? (named[ALARMING[key]] ? " bad" : "") : " zero";
  const title = table.tHead.rows[0].cells[keys.indexOf(key)].textContent;
  return el("td", { class: `number${key === "granted" ? "" : look}`, "data-title": title }, number === null ? "–" : count(number));
}

function sharesCell(shares, titles) {
  const said = shares.map(([kind, number]) => `${count(number)} ${titles[kind]}`).join(", ");
  const look = { class: "bar", viewBox: "0 0 1000 10", preserveAspectRatio: "none", role: "img" };
  const parts = shares.map(([kind, , x, width]) => shape("rect", { class: kind, x, width, height: 10 }));
  const ground = shape("rect", { class: "ground", width: 1000, height: 10 });
  return el("td", { class: "shares" }, shape("svg", look, shape("title", {}, said || "nothing is granted"), ground, parts));
}

// The choices of the reader, by the keys of the address. Fields without a choice are left out.
function viewOfTable() {
  const chosen = controls.map((control) => [control.id, control.value]);
  return Object.fromEntries([...chosen, ["sort", (order.down ? "-" : "") + order.key]].filter(([, value]) => value));
}

// An address is untrusted text: a value that the page doesn't offer is ignored.
function setView(view) {
  const before = JSON.stringify(viewOfTable());
  for (const control of controls) {
    control.value = (view[control.id] ?? "").slice(0, MOST_TEXT);
    if (control.selectedIndex === -1) control.value = "";
  }
  const [, down, key] = /^(-?)(.*)$/s.exec(view.sort ?? "");
  order.key = keys.includes(key) ? key : "";
  order.down = order.key !== "" && down === "-";
  if (JSON.stringify(viewOfTable()) === before) return;
  filterRows();
  sortRows();
}

// Whether a glob with * and ? matches a whole text. The time is at most the product of both lengths.
function matchesGlob(glob, text) {
  let [at, star, from] = [0, -1, 0];
  for (let place = 0; place < text.length; ) {
    if (glob[at] === "*") [star, from] = [at++, place];
    else if (at < glob.length && (glob[at] === "?" || glob[at] === text[place])) [at, place] = [at + 1, place + 1];
    else if (star >= 0) [at, place] = [star + 1, ++from];
    else return false;
  }
  while (glob[at] === "*") at += 1;
  return at === glob.length;
}

const isGlob = (word) => /[*?]/.test(word);

// The names that `--principal` takes: the ARN, the name, and kind, path and name, with or without the path.
function isNamed(arn, glob) {
  const whole = arn.toLowerCase().split(":").slice(5).join(":");
  const name = whole.slice(whole.lastIndexOf("/") + 1);
  return [arn.toLowerCase(), name, whole, `${whole.split("/")[0]}/${name}`].some((text) => matchesGlob(glob, text));
}

// A test of rows by an action: a glob, a whole name, or a part of a name. Actions are numbered in the catalog and then
// in the additional names of a row. Sums over the catalog give the number of matches in a run.
function actionFilter(wanted, how) {
  const known = namedActions().map((name) => name.toLowerCase());
  const isPattern = isGlob(wanted) || known.includes(wanted);
  const test = (name) => (isPattern ? matchesGlob(wanted, name) : name.includes(wanted));
  const before = new Uint32Array(known.length + 1);
  for (let at = 0; at < known.length; at += 1) before[at + 1] = before[at] + test(known[at]);
  const upTo = (end, more) =>
    before[Math.min(end, known.length)] +
    more.slice(0, Math.max(end - known.length, 0)).filter((name) => test(name.toLowerCase())).length;
  const counted = (actions, key) =>
    runs()[actions[key]].reduce((sum, [first, end]) => sum + upTo(end, actions.more) - upTo(first, actions.more), 0);
  return ({ actions }) => {
    if (how !== "kept" && how !== "removed") return counted(actions, how || "granted") > 0;
    const kept = counted(actions, "kept");
    return actions.isReplaced && (how === "kept" ? kept > 0 : counted(actions, "granted") > kept);
  };
}

function filterRows() {
  const { search = "", action = "", how, state, account, owner, only } = viewOfTable();
  const wanted = search.toLowerCase().split(/\s+/).filter(Boolean);
  const hasAction = action.trim() ? actionFilter(action.trim().toLowerCase(), how) : () => true;
  let shown = 0;
  for (const one of rows) {
    const matches =
      wanted.every((word) => (isGlob(word) ? isNamed(one.arn, word) : one.text.includes(word))) &&
      (!state || one.state === state) &&
      (!account || one.account === account) &&
      (!owner || one.owner === owner) &&
      hasAction(one) &&
      (!only || one.numbers[only] > 0);
    one.matches = matches;
    shown += matches;
  }
  document.getElementById("shown").textContent = `${count(shown)} of ${count(rows.length)} ${shown > MOST_ROWS ? "match" : "shown"}`;
  document.getElementById("none").hidden = shown > 0;
  table.parentElement.hidden = shown === 0;
  showRows(MOST_ROWS);
}

function showRows(most) {
  const found = rows.filter((one) => one.matches);
  mostRows = most;
  table.tBodies[0].replaceChildren(...found.slice(0, most).map((one) => one.node()));
  more.hidden = found.length <= most;
  more.firstChild.textContent = `The first ${count(most)} of these are here. `;
}

function compare(key) {
  if (!key) return (a, b) => a.at - b.at;
  if (key === "label" || key === "state") {
    const texts = new Map(rows.map((one) => [one, one[key].toLowerCase()]));
    return (a, b) => (texts.get(a) < texts.get(b) ? -1 : texts.get(a) > texts.get(b) ? 1 : a.at - b.at);
  }
  const numberKey = key === "shares" ? "granted" : key;
  return (a, b) => a.numbers[numberKey] - b.numbers[numberKey] || a.at - b.at;
}

function sortRows() {
  rows.sort(compare(order.key));
  if (order.down) rows.reverse();
  showRows(MOST_ROWS);
  for (const cell of table.tHead.rows[0].cells) {
    if (cell.dataset.key === order.key) cell.setAttribute("aria-sort", order.down ? "descending" : "ascending");
    else cell.removeAttribute("aria-sort");
  }
}

function chooseOrder(key) {
  const first = key !== "label" && key !== "state";
  order.down = order.key === key ? !order.down : first;
  order.key = key;
  sortRows();
}

// `changed` is called after each change. Its argument says whether it continues the last one, as when typing a search.
function startTable(changed) {
  let typing = false;
  const change = (act, more = false) => {
    act();
    changed(typing && more);
    typing = more;
  };
  for (const cell of table.tHead.rows[0].cells) {
    const button = el("button", { type: "button", class: "sort" }, cell.textContent);
    button.addEventListener("click", () => change(() => chooseOrder(cell.dataset.key)));
    cell.replaceChildren(button);
  }
  for (const control of controls) {
    control.addEventListener("input", () => change(filterRows, control.type === "search"));
    control.addEventListener("blur", () => {
      typing = false;
    });
  }
  more.lastChild.addEventListener("click", () => showRows(2 * mostRows));
  table.parentElement.after(more);
  document.getElementById("clear").addEventListener("click", () => {
    change(() => setView({ sort: viewOfTable().sort }));
    document.getElementById("search").focus();
  });
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  filterRows();
}
