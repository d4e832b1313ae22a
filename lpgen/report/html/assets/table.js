// The table of principals: search, filters and order. Rows are made of data when they are shown; only the first are.

const MOST_ROWS = beside ? 100 : 500; // laying out a hundred takes a tenth of a second after each letter of a search
const table = document.getElementById("principals");
const keys = Array.from(table.tHead.rows[0].cells, (cell) => cell.dataset.key);
const COLUMNS = ["granted", "used", "unused", "unobservable", "kept", "removed", "dangerous_unused", "ungranted"];
const NUMBERS = [...COLUMNS, "kept_unseen", "dangers_left"];
const ALARMING = { dangerous_unused: "dangers_left", ungranted: "ungranted" };
const MOST_TEXT = 200;
const order = { key: "", down: false };
const controls = ["search", "state", "account", "only"].map((id) => document.getElementById(id));

const rows = rowsOfData(parseData("rows"));
const more = el("p", { class: "quiet", hidden: true }, el("span"), el("button", { type: "button" }, "Show more"));
let mostRows = MOST_ROWS;

function rowsOfData(data) {
  return data.rows.map(([label, arn, account, kind, state, tone, numbers, shares], at) => {
    const under = kind === "active" ? account : `${account} · ${kind}`;
    const named = Object.fromEntries(NUMBERS.map((key, place) => [key, numbers[place] ?? 0]));
    const make = () => [
      el("th", { scope: "row" }, el("a", { href: addressOf({ p: arn }) }, label), el("span", { class: "under" }, under)),
      el("td", {}, el("span", { class: `state ${tone}` }, state)),
      numberCell("granted", numbers[0], named),
      sharesCell(shares, data.titles),
      ...COLUMNS.slice(1).map((key, place) => numberCell(key, numbers[place + 1], named)),
    ];
    const text = `${arn} ${label}${under}`.toLowerCase();
    return { node: once(() => el("tr", {}, make())), at, arn, account, label, state, text, numbers: named };
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

// What the reader has chosen, by the keys of the address; what isn't chosen is left out.
function viewOfTable() {
  const chosen = controls.map((control) => [control.id, control.value]);
  return Object.fromEntries([...chosen, ["sort", (order.down ? "-" : "") + order.key]].filter(([, value]) => value));
}

// An address is foreign text: a value that the page doesn't offer counts as none.
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

function filterRows() {
  const [search, state, account, only] = controls.map((control) => control.value);
  const wanted = search.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const one of rows) {
    const matches =
      wanted.every((word) => one.text.includes(word)) &&
      (!state || one.state === state) &&
      (!account || one.account === account) &&
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

// `changed` is called after each change, with whether it goes on with the one before: another letter of a search.
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
