// The old and new policies side by side. A line shows its evidence on hover, focus and click.

const MARKS = {
  seen: ["●", "used"],
  idle: ["○", "not used"],
  observed: ["●", "observed"],
  inferred: ["●", "inferred"],
  attempted: ["◐", "tried"],
  kept: ["◌", "kept, logs can't show use"],
  review: ["?", "kept for review"],
  decided: ["✓", "decided"],
  shared: ["⇄", "needed in another account"],
  rule: ["*", "written by a rule"],
  statement: ["", "statement"],
};

function policyLines(policy, side, at, said) {
  const notes = new Map(policy.notes);
  const lines = (policy.text || shared(`document-${policy.document}`)).split("\n");
  let statement = -1;
  return lines.map((text, number) => {
    if (policy.starts[statement + 1] === number) statement += 1;
    const noted = notes.has(number);
    const inside = statement >= 0 && text.startsWith("  ") ? statement : "";
    const mark = noted ? said[notes.get(number)][0] : "";
    return el(
      noted ? "button" : "span",
      {
        class: noted ? `line noted mark-${mark}` : "line",
        type: noted ? "button" : null,
        tabindex: noted ? "-1" : null,
        "data-note": noted ? notes.get(number) : null,
        "data-mark": noted ? MARKS[mark][0] : null,
        "data-side": side,
        "data-policy": at,
        "data-statement": inside,
      },
      text,
      "\n",
    );
  });
}

function policyCard(policy, side, at, said) {
  const known = policy.text || policy.document !== undefined;
  const lines = known ? policyLines(policy, side, at, said) : [];
  const first = lines.find((line) => line.tagName === "BUTTON");
  if (first) first.tabIndex = 0;
  const about = [
    policy.kind,
    policy.group && `by group ${policy.group}`,
    policy.file,
    policy.characters && plural(policy.characters, "character"),
  ]
    .filter(Boolean)
    .join(" · ");
  return el(
    "section",
    { class: "policy" },
    el(
      "header",
      {},
      el("div", {}, el("code", {}, policy.name), el("span", { class: "under" }, about)),
      known && copyButton(() => lines.map((line) => line.textContent).join("")),
    ),
    known
      ? el("pre", { class: "code", tabindex: first ? null : "0" }, lines)
      : el("p", { class: "bad" }, "The input files don't have this document."),
  );
}

function relate(section, line, parents) {
  for (const node of section.querySelectorAll(".related")) node.classList.remove("related");
  if (!line || line.dataset.statement === "") return;
  const { side, policy, statement } = line.dataset;
  const mark = (otherSide, otherPolicy, otherStatement) => {
    const at = `[data-side="${otherSide}"][data-policy="${otherPolicy}"][data-statement="${otherStatement}"]`;
    for (const node of section.querySelectorAll(`.line${at}`)) node.classList.add("related");
  };
  mark(side, policy, statement);
  if (side === "new") {
    const parent = parents[policy][statement];
    if (parent) mark("old", parent[0], parent[1]);
    return;
  }
  parents.forEach((found, at) =>
    found.forEach((parent, number) => {
      if (parent && parent[0] === Number(policy) && parent[1] === Number(statement)) mark("new", at, number);
    }),
  );
}

function moveAmongLines(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };
  if (!(event.key in steps) || !event.target.matches(".noted")) return;
  const lines = Array.from(event.target.parentElement.querySelectorAll(".noted"));
  const at = Math.min(lines.length - 1, Math.max(0, lines.indexOf(event.target) + steps[event.key]));
  event.preventDefault();
  lines.forEach((line, number) => {
    line.tabIndex = number === at ? 0 : -1;
  });
  lines[at].focus();
}

function policySection({ old, new: fresh, notes }, replaced) {
  const hint =
    "To see the evidence for a marked line, point at it, click it, or move with the arrow keys. " +
    "● used, ◌ kept because logs can't show use, ○ granted and not used.";
  const panel = el(
    "aside",
    { class: "evidence", "aria-live": "polite", "aria-label": "evidence for the line", tabindex: "0" },
    el("p", { class: "quiet" }, hint),
  );
  const parents = fresh.map((policy) => policy.parents);
  const column = (title, policies, side, none) =>
    el(
      "div",
      { class: "column" },
      el("h4", {}, title),
      policies.length
        ? policies.map((policy, at) => policyCard(policy, side, at, notes))
        : el("p", { class: "quiet" }, none),
    );
  const section = el(
    "div",
    { class: "policies" },
    panel,
    el(
      "div",
      { class: replaced ? "panes" : "panes single" },
      column(replaced ? "Before" : "Now", old, "old", "No policy document is known."),
      replaced && column("After", fresh, "new", "Nothing: no policy is needed."),
    ),
  );
  let pinned = null;
  const show = (line) => {
    section.querySelector(".shown")?.classList.remove("shown");
    if (line) line.classList.add("shown");
    relate(section, line, parents);
    panel.replaceChildren(
      ...(line
        ? [
            el("code", { class: "which" }, line.textContent.trim().replace(/,$/, "")),
            ...notes[line.dataset.note].slice(1).map((place) => el("p", {}, words(shared("lines")[place]))),
          ]
        : [el("p", { class: "quiet" }, hint)]),
    );
  };
  const lineOf = (event) => event.target.closest?.(".noted");
  const pin = (event) => {
    if (lineOf(event)) {
      pinned = lineOf(event);
      show(pinned);
    }
  };
  section.addEventListener("click", pin);
  section.addEventListener("focusin", pin);
  section.addEventListener("mouseover", (event) => show(lineOf(event) || pinned));
  section.addEventListener("mouseleave", () => show(pinned));
  section.addEventListener("keydown", moveAmongLines);
  return section;
}
