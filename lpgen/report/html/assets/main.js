// Which page is shown follows the address: `#p=ARN&at=PART`, else the summary.

const summaryPage = document.getElementById("summary");
const principalArticle = document.getElementById("principal");
const places = new Map(
  rows
    .slice()
    .reverse()
    .map((one) => [one.arn, one.at]),
);
const home = { title: document.title, scroll: 0, arn: "" };
let shownPrincipal = null;

function readAddress() {
  const found = {};
  for (const part of location.hash.slice(1).split("&")) {
    const at = part.indexOf("=");
    if (at > 0) {
      try {
        found[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1));
      } catch {
        return {};
      }
    }
  }
  return found;
}

function showSummary() {
  if (shownPrincipal === null) return;
  const row = rows.find((one) => one.arn === home.arn);
  shownPrincipal = null;
  principalArticle.hidden = true;
  principalArticle.replaceChildren();
  summaryPage.hidden = false;
  document.title = home.title;
  window.scrollTo(0, home.scroll);
  row?.row.querySelector("a").focus({ preventScroll: true });
}

function showPrincipal(arn) {
  if (shownPrincipal === arn) return;
  if (shownPrincipal === null) home.scroll = window.scrollY;
  home.arn = arn;
  shownPrincipal = arn;
  const at = places.get(arn);
  const data = parseData(`principal-${at}`);
  summaryPage.hidden = true;
  principalArticle.hidden = false;
  principalArticle.replaceChildren();
  principalArticle.append(
    ...principalPage(data, at, `#p=${encodeURIComponent(arn)}`)
      .flat(Infinity)
      .filter(Boolean),
  );
  principalArticle.setAttribute("aria-labelledby", "principal-title");
  document.title = `${data.label} – ${home.title}`;
  window.scrollTo(0, 0);
  principalArticle.focus({ preventScroll: true });
}

function showPart(anchor) {
  const found = Array.from(principalArticle.querySelectorAll("[data-anchor]")).find(
    (one) => one.dataset.anchor === anchor,
  );
  principalArticle.querySelector(".target")?.classList.remove("target");
  if (!found) return;
  for (let node = found; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  found.classList.add("target");
  found.scrollIntoView({ block: "start" });
}

function follow() {
  const { p, at } = readAddress();
  if (p !== undefined && places.has(p)) {
    showPrincipal(p);
    if (at) showPart(at);
  } else showSummary();
}

// ------------------------------------------------------------------ light and dark, keys, print

function remember(theme) {
  try {
    if (theme === undefined) return localStorage.getItem("lpgen-theme");
    localStorage.setItem("lpgen-theme", theme);
  } catch {
    // A file may have no storage; then the choice holds for this view alone.
  }
  return null;
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.getElementById("theme").setAttribute("aria-pressed", String(theme === "dark"));
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

function pressKey(event) {
  const typing = event.target.matches?.("input, select, textarea");
  if (event.key === "Escape" && shownPrincipal !== null && !typing) location.hash = "#summary";
  if (event.key === "/" && !typing && shownPrincipal === null && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    document.getElementById("search").focus();
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
startTable();
addEventListener("hashchange", follow);
addEventListener("keydown", pressKey);
addEventListener("beforeprint", openForPrint);
addEventListener("afterprint", closeAfterPrint);
follow();
