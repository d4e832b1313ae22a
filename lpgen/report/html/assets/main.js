// The address determines what is shown: a principal (`#p=ARN&at=PART`) or the summary, and the view of its table.

const FIELDS = ["p", "at", "search", "action", "how", "state", "account", "owner", "only", "sort"];
const summaryPage = document.getElementById("summary");
const principalArticle = document.getElementById("principal");
const places = new Map(
  rows
    .slice()
    .reverse()
    .map((one) => [one.arn, one]),
);
const home = { title: document.title, scroll: 0, arn: "" };
let shownPrincipal = null;

// An address is untrusted text. An address with an unknown or repeated field or a broken escape counts as empty.
function readAddress() {
  const found = {};
  for (const part of location.hash.slice(1).split("&")) {
    const [, field, text] = /^([a-z]+)=(.*)$/s.exec(part) ?? [];
    if (!FIELDS.includes(field) || field in found) return {};
    try {
      found[field] = decodeURIComponent(text);
    } catch {
      return {};
    }
  }
  return found;
}

function addressOf(view) {
  const parts = FIELDS.filter((field) => view[field]).map((field) => `${field}=${encodeURIComponent(view[field])}`);
  return `#${parts.join("&")}`;
}

function keepView(continues) {
  const address = addressOf(viewOfTable());
  if (continues) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
}

function showSummary() {
  if (shownPrincipal === null) return;
  const row = places.get(home.arn);
  shownPrincipal = null;
  closeFile();
  principalArticle.hidden = true;
  principalArticle.replaceChildren();
  summaryPage.hidden = false;
  document.title = home.title;
  window.scrollTo(0, home.scroll);
  row?.node().querySelector("a").focus({ preventScroll: true });
}

function fillPrincipal(label, content) {
  principalArticle.replaceChildren(...content.flat(Infinity).filter(Boolean));
  principalArticle.setAttribute("aria-labelledby", "principal-title");
  document.title = `${label} – ${home.title}`;
  window.scrollTo(0, 0);
  principalArticle.focus({ preventScroll: true });
}

function showPrincipal(arn, part) {
  if (shownPrincipal === arn) {
    showPart(part);
    return;
  }
  if (shownPrincipal === null) home.scroll = window.scrollY;
  home.arn = arn;
  shownPrincipal = arn;
  const one = places.get(arn);
  const show = (data) => {
    fillPrincipal(data.label, principalPage(data, one.at, `#p=${encodeURIComponent(arn)}`));
    showPart(part);
  };
  const complain = () => fillPrincipal(one.label, principalWithoutData(one));
  summaryPage.hidden = true;
  principalArticle.hidden = false;
  principalArticle.replaceChildren(el("p", { class: "quiet", role: "status" }, "Opening…"));
  openData(one, show, complain);
}

function showPart(anchor) {
  const found = Array.from(principalArticle.querySelectorAll("[data-anchor]")).find(
    (one) => one.dataset.anchor === anchor,
  );
  if (!anchor) return;
  principalArticle.querySelector(".target")?.classList.remove("target");
  if (!found) return;
  for (let node = found; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  found.classList.add("target");
  found.scrollIntoView({ block: "start" });
}

function follow() {
  const { p, at, ...view } = readAddress();
  const isPrincipal = p !== undefined && places.has(p);
  if (!isPrincipal || Object.keys(view).length) setView(view);
  if (!isPrincipal) {
    showSummary();
    return;
  }
  showPrincipal(p, at);
  // A link to a principal doesn't include the view of the table that it was followed from.
  history.replaceState(null, "", addressOf({ p, at, ...viewOfTable() }));
}

// A link to a part of the summary doesn't change the address, which has the view.
function jump(event) {
  const link = event.target.closest?.('a[href^="#"]');
  if (!link || link.hash.includes("=") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (shownPrincipal !== null) {
    location.hash = addressOf(viewOfTable());
    return;
  }
  const part = document.getElementById(link.hash.slice(1));
  part.tabIndex = -1;
  part.focus({ preventScroll: true });
  part.scrollIntoView();
}

// ------------------------------------------------------------------ light and dark, keys, print

function remember(theme) {
  try {
    if (theme === undefined) return localStorage.getItem("lpgen-theme");
    localStorage.setItem("lpgen-theme", theme);
  } catch {
    // A file may have no storage. Then the choice applies only to this view.
  }
  return null;
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.getElementById("theme").textContent = theme === "dark" ? "Light theme" : "Dark theme";
}

function startTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const kept = remember();
  setTheme(kept === "dark" || kept === "light" ? kept : dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => {
    if (!remember()) setTheme(dark.matches ? "dark" : "light");
  });
  document.getElementById("theme").addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    setTheme(theme);
    remember(theme);
  });
}

const keysDialog = document.getElementById("keys");

function startHelp() {
  document.getElementById("help").addEventListener("click", () => keysDialog.showModal());
  keysDialog.addEventListener("click", (event) => {
    if (event.target === keysDialog || event.target.closest("button")) keysDialog.close();
  });
}

function pressKey(event) {
  if (event.target.matches?.("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (keysDialog.open) return; // the browser closes it on Escape
  const onPage = shownPrincipal !== null;
  if (event.key === "?") keysDialog.showModal();
  else if (event.key === "Escape" && onPage) location.hash = addressOf(viewOfTable());
  else if (event.key === "n" && onPage) principalArticle.querySelector(".next")?.click();
  else if (event.key === "p" && onPage) principalArticle.querySelector(".previous")?.click();
  else if (event.key === "/" && !onPage) {
    event.preventDefault();
    document.getElementById("search").focus();
  }
}

function addCopyButtons() {
  for (const command of summaryPage.querySelectorAll(".command")) {
    const text = command.textContent;
    command.append(copyButton(() => text));
  }
}

function openForPrint() {
  for (const details of document.querySelectorAll("main details:not([open]):not(.verdicts):not(.screen)")) {
    details.open = true;
    details.dataset.forPrint = "";
  }
}

function closeAfterPrint() {
  for (const details of document.querySelectorAll("[data-for-print]")) {
    details.open = false;
    delete details.dataset.forPrint;
  }
}

document.documentElement.classList.add("scripted");
startTheme();
startHelp();
startTable(keepView);
addCopyButtons();
addEventListener("hashchange", follow);
addEventListener("keydown", pressKey);
addEventListener("click", jump);
addEventListener("beforeprint", openForPrint);
addEventListener("afterprint", closeAfterPrint);
follow();
