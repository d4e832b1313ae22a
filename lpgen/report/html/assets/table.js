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
const order = { key: "", down: false };

function numberIn(one, key) {
  return Number(one.row.cells[keys.indexOf(key)].textContent.replace(/[^0-9]/g, ""));
}

function filterRows() {
  const [search, state, account, only] = ["search", "state", "account", "only"].map(
    (id) => document.getElementById(id).value,
  );
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
}

function compare(key) {
  if (key === "label" || key === "state") {
    const texts = new Map(rows.map((one) => [one, one[key].toLowerCase()]));
    return (a, b) => (texts.get(a) < texts.get(b) ? -1 : texts.get(a) > texts.get(b) ? 1 : a.at - b.at);
  }
  const numberKey = key === "shares" ? "granted" : key;
  const numbers = new Map(rows.map((one) => [one, numberIn(one, numberKey)]));
  return (a, b) => numbers.get(a) - numbers.get(b) || a.at - b.at;
}

function sortRows(key) {
  const first = key !== "label" && key !== "state";
  order.down = order.key === key ? !order.down : first;
  order.key = key;
  rows.sort(compare(key));
  if (order.down) rows.reverse();
  table.tBodies[0].append(...rows.map((one) => one.row));
  for (const cell of table.tHead.rows[0].cells) {
    if (cell.dataset.key === key) cell.setAttribute("aria-sort", order.down ? "descending" : "ascending");
    else cell.removeAttribute("aria-sort");
  }
}

function startTable() {
  for (const cell of table.tHead.rows[0].cells) {
    const button = el("button", { type: "button", class: "sort" }, cell.textContent);
    button.addEventListener("click", () => sortRows(cell.dataset.key));
    cell.replaceChildren(button);
  }
  for (const control of document.querySelectorAll("#filters input, #filters select")) {
    control.addEventListener("input", filterRows);
  }
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  filterRows();
}
