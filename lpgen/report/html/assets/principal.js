// The page of one principal, made when it is opened.

const SECTIONS = [
  ["walls", "Two walls"],
  ["findings", "Details"],
  ["policies", "Policies"],
  ["actions", "Every action"],
  ["use", "Use over time"],
  ["plan", "Put it in place"],
];

function figures(found) {
  return el(
    "dl",
    { class: "figures" },
    found.map(([value, title, note, alarming]) =>
      el(
        "div",
        { class: alarming && "alarming" },
        el("dt", {}, title),
        el("dd", {}, el("b", {}, value), el("span", {}, note)),
      ),
    ),
  );
}

function partsOf(data, base) {
  const place = (anchor) => ({ anchor, base });
  const cards = data.findings.map(([anchor, found]) =>
    el("section", { class: "card", "data-anchor": anchor }, blocks(found, place(anchor))),
  );
  const plan = blocks(data.plan, place("plan"));
  return {
    walls: data.walls.length
      ? [
          el(
            "p",
            { class: "quiet" },
            "Every request must pass two walls: one around actions, one around resources. Each Allow is a gap in them. The taller the gap, the more actions it allows.",
          ),
          wallFigure(data),
          el("details", { class: "screen" }, el("summary", {}, "The same as a table"), wallTable(data)),
        ]
      : null,
    findings: cards.length ? el("div", { class: "cards" }, cards) : null,
    policies: data.policies.old.length + data.policies.new.length ? policySection(data.policies, data.replaced) : null,
    actions: data.verdicts.length ? verdictSection(data) : null,
    use: timelineSection(data.use),
    plan: plan.length ? plan : null,
  };
}

function partNode(anchor, title, part, base) {
  return el(
    "section",
    { class: "part", "data-anchor": anchor, "aria-label": title },
    el(
      "h2",
      {},
      title,
      el("a", { class: "permalink", href: `${base}&at=${anchor}`, "aria-label": `link to ${title}` }, "#"),
    ),
    part,
  );
}

function neighbours(at) {
  const shown = rows.filter((one) => one.matches);
  const place = shown.findIndex((one) => one.at === at);
  const link = (one, text, label) =>
    one
      ? el(
          "a",
          { class: label, href: addressOf({ p: one.arn }), "aria-label": `${label}: ${one.label}`, title: one.label },
          text,
        )
      : null;
  return place < 0 ? [] : [link(shown[place - 1], "← previous", "previous"), link(shown[place + 1], "next →", "next")];
}

function stepsFrom(at) {
  return el(
    "nav",
    { class: "steps", "aria-label": "principals" },
    el("a", { href: addressOf(viewOfTable()) || "#summary" }, "All principals"),
    neighbours(at),
  );
}

function principalWithoutData({ label, at }) {
  return [
    stepsFrom(at),
    el("header", { class: "lead" }, el("h1", { id: "principal-title" }, el("bdi", {}, label))),
    el(
      "p",
      { class: "bad", role: "alert" },
      "The data of this principal can't be read. The folder ",
      el("code", {}, beside.name),
      " must be next to this page and from the same run of lpgen. Copy both together, or write the review again.",
    ),
  ];
}

function principalPage(data, at, base) {
  const parts = partsOf(data, base);
  const present = SECTIONS.filter(([anchor]) => parts[anchor]);
  const [tone, state] = Array.isArray(data.state) ? data.state : ["q", data.state];
  return [
    stepsFrom(at),
    el(
      "header",
      { class: "lead" },
      el(
        "h1",
        { id: "principal-title" },
        el("bdi", {}, data.label),
        " ",
        el("span", { class: `state ${TONES[tone]}` }, state),
      ),
      el("div", { class: "identity" }, blocks(data.identity, { anchor: "identity", base })),
    ),
    figures(data.figures),
    el(
      "div",
      { class: "safety", "data-anchor": "safety" },
      blocks(data.safety, { anchor: "safety", base }),
      blocks(data.numbers, { anchor: "numbers", base }),
    ),
    el(
      "nav",
      { class: "contents", "aria-label": "parts of this page" },
      present.map(([anchor, title]) => el("a", { href: `${base}&at=${anchor}` }, title)),
    ),
    present.map(([anchor, title]) => partNode(anchor, title, parts[anchor], base)),
  ];
}
