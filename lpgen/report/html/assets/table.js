// The table of principals: search, filters and order. Rows are hidden and moved, never made anew.

const table = document.getElementById("principals");
const rows = Array.from(table.tBodies[0].rows, (row) => ({
  row,
  at: Number(row.dataset.at),
  arn: row.dataset.arn,
  account: row.dataset.account,
  label: row.cells[0].querySelector("a").textContent,
  state: row.cells[1].textContent,
  text: `${row.dataset.arn} ${row.cells[0].textContent}`.toLowerCase(),
}));
const keys = Array.from(table.tHead.rows[0].cells, (cell) => cell.dataset.key);
const MOST_TEXT = 200;
const order = { key: "", down: false };
const controls = ["search", "state", "account", "only"].map((id) => document.getElementById(id));

function numberIn(one, key) {
  return Number(one.row.cells[keys.indexOf(key)].textContent.replace(/[^0-9]/g, ""));
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
      (!only || numberIn(one, only) > 0);
    one.row.hidden = !matches;
    shown += matches;
  }
  document.getElementById("shown").textContent = `${count(shown)} of ${count(rows.length)} shown`;
  document.getElementById("none").hidden = shown > 0;
  table.parentElement.hidden = shown === 0;
}

function compare(key) {
  if (!key) return (a, b) => a.at - b.at;
  if (key === "label" || key === "state") {
    const texts = new Map(rows.map((one) => [one, one[key].toLowerCase()]));
    return (a, b) => (texts.get(a) < texts.get(b) ? -1 : texts.get(a) > texts.get(b) ? 1 : a.at - b.at);
  }
  const numberKey = key === "shares" ? "granted" : key;
  const numbers = new Map(rows.map((one) => [one, numberIn(one, numberKey)]));
  return (a, b) => numbers.get(a) - numbers.get(b) || a.at - b.at;
}

function sortRows() {
  rows.sort(compare(order.key));
  if (order.down) rows.reverse();
  table.tBodies[0].append(...rows.map((one) => one.row));
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
  document.getElementById("clear").addEventListener("click", () => {
    change(() => setView({ sort: viewOfTable().sort }));
    document.getElementById("search").focus();
  });
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  filterRows();
}
