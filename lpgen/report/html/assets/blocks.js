// The texts of the report: lines, lists and tables. Each entry has its own link.

const TONES = { n: "name", s: "strong", g: "good", b: "bad", q: "quiet" };

function words(line) {
  return line.map((span) => {
    if (typeof span === "string") return span;
    return span[0] === "n" ? code(span[1]) : el("span", { class: TONES[span[0]] }, span[1]);
  });
}

function anchored(node, place, text) {
  const anchor = `${place.anchor}-${shortHash(text)}`;
  node.dataset.anchor = anchor;
  const link = el("a", { class: "permalink", href: `${place.base}&at=${anchor}`, "aria-label": "link to this" }, "#");
  return [node, link];
}

function blockList(lines, numbered, place) {
  return el(
    numbered ? "ol" : "ul",
    {},
    lines.map(([line, notes]) => {
      const [item, link] = anchored(el("li"), place, JSON.stringify(line));
      item.append(...words(line), link);
      if (notes.length)
        item.append(
          el(
            "ul",
            {},
            notes.map((note) => el("li", {}, words(note))),
          ),
        );
      return item;
    }),
  );
}

function blockTable(columns, lines, place) {
  const named = (...names) => names.filter(Boolean).join(" ") || null;
  const look = (at, cell) => {
    const isDay = cell && cell.length === 1 && /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(cell[0]);
    return named(columns[at][1] ? "number" : isDay && "day", columns[at][2] && "wide");
  };
  const head = el(
    "tr",
    {},
    columns.map(([title], at) => el("th", { scope: "col", class: look(at) }, title)),
  );
  const body = lines.map((cells) => {
    const [row, link] = anchored(el("tr"), place, JSON.stringify(cells));
    row.append(...cells.map((cell, at) => el("td", { class: look(at, cell) }, words(cell), at ? null : link)));
    return row;
  });
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": "table" },
    el("table", {}, el("thead", {}, head), el("tbody", {}, body)),
  );
}

function blocks(data, place) {
  return data.map(([kind, ...parts]) => {
    switch (kind) {
      case "h":
        return el("h3", {}, words(parts[0]));
      case "p":
        return el("p", {}, words(parts[0]));
      case "t":
        return blockTable(parts[0], parts[1], place);
      case "f":
        return el("details", {}, el("summary", {}, words(parts[0])), blocks(parts[1], place));
      default:
        return blockList(parts[0], kind === "ol", place);
    }
  });
}
