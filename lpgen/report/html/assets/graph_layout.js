// Places nodes in columns by their steps from the chosen node, or one below the other on narrow screens.
// A column has a frame for each account and path. Barycenters order frames and nodes, so that few lines cross.

const SWEEPS = 6;
const [ROW, BOX, HEAD, GAP] = [34, 28, 20, 14]; // the heights of a node with its margin, its box, and a frame's label
const MOST_DROP = 150; // of a column below the top, so that its nodes are in view
const GUTTER = 72; // for the arcs on narrow screens
const [LEAST_BOX, LEAST_LANE, LANE, FRAME] = [150, 30, 45, 12]; // the widths of a box, of the gaps between frames
const MARK = 16; // a mark on a line, with its margin

const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

// Orders the nodes of each column, which stay with their frame. `near` has pairs of each node and a neighbor.
function order(columns, near) {
  const places = new Map();
  const place = (column) => column.forEach((node, at) => places.set(node.id, (at + 0.5) / column.length));
  const weigh = (node) => mean((near.get(node.id) ?? [[node.id, node.id]]).map(([, id]) => places.get(id)));
  columns.forEach(place);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const column of sweep % 2 ? columns.toReversed() : columns) {
      const weights = new Map(column.map((node) => [node.id, weigh(node)]));
      const frames = Map.groupBy(column, (node) => node.frame);
      const weightOf = ({ frame }) => mean(frames.get(frame).map((node) => weights.get(node.id)));
      const frameWeights = new Map(column.map((node) => [node.frame, node.last ? 2 : weightOf(node)]));
      const difference = (map, key, one, other) => map.get(one[key]) - map.get(other[key]);
      const byName = (one, other) => (one.frame < other.frame ? -1 : 1);
      const byFrame = (one, other) => difference(frameWeights, "frame", one, other) || byName(one, other);
      const byWeight = (one, other) => difference(weights, "id", one, other) || one.id - other.id;
      column.sort((one, other) => (one.frame === other.frame ? byWeight(one, other) : byFrame(one, other)));
      place(column);
    }
  }
}

// How many columns fit into a width.
const columnsIn = (width) => Math.floor((width + LEAST_LANE) / (LEAST_BOX + FRAME + LEAST_LANE));

const heightOf = (frame, nodes) => (frame ? HEAD : 0) + nodes.length * ROW;

// Boxes by node, frames with their labels, and the heads of columns. `columns` are in reading order.
function layOut(columns, near, { width, narrow }) {
  order(columns, near);
  const framed = columns.map((column) => [...Map.groupBy(column, (node) => node.frame)]);
  const heights = framed.map((frames) => frames.reduce((sum, frame) => sum + heightOf(...frame) + GAP, 0));
  const [tallest, most] = [Math.max(...heights), columns.length];
  const lane = most > 4 ? LEAST_LANE : LANE;
  const fair = Math.floor((width - lane * (most - 1)) / most) - FRAME;
  const boxWidth = narrow ? width - GUTTER - FRAME : Math.max(LEAST_BOX, Math.min(230, fair));
  const step = Math.max(boxWidth + FRAME + lane, Math.floor((width - boxWidth - FRAME) / Math.max(1, most - 1)));
  const [boxes, frames, heads] = [new Map(), [], []];
  let y = 0;
  framed.forEach((column, at) => {
    const x = narrow ? GUTTER : 6 + at * step;
    heads.push({ x: x - 6, y: narrow ? y + 14 : 14, at });
    y = narrow ? y + 24 : 30 + Math.min(MOST_DROP, Math.round((tallest - heights[at]) / 2));
    for (const [label, nodes] of column) {
      const height = heightOf(label, nodes);
      const first = y + height - nodes.length * ROW;
      frames.push({ x: x - 6, y, width: boxWidth + FRAME, height, label });
      nodes.forEach(({ id }, row) => boxes.set(id, { x, y: first + row * ROW, width: boxWidth, height: BOX, at }));
      y += height + GAP;
    }
  });
  const right = narrow ? width : Math.max(width, FRAME + boxWidth + (most - 1) * step);
  return { boxes, frames, heads, width: right, height: narrow ? y : tallest + 30 };
}

// A place on a curve with these control points.
function along(share, [start, one, two, end]) {
  const rest = 1 - share;
  return Math.round(rest ** 3 * start + 3 * rest * share * (rest * one + share * two) + share ** 3 * end);
}

// The curves of the lines, and places for their marks, in the middle if no other mark is there. Lines leave a box at the
// right, and arrive at the left, side by side.
function route(lines, boxes, narrow) {
  const ports = ["from", "to"].map((side) => {
    const other = side === "from" ? "to" : "from";
    const byHeight = lines.toSorted((one, two) => boxes.get(one[other]).y - boxes.get(two[other]).y);
    return Map.groupBy(byHeight, (line) => line[side]);
  });
  const portOf = (line, id, all) => {
    const [lane, room] = [(all.indexOf(line) + 0.5) / all.length - 0.5, Math.min(BOX - 8, all.length * 5)];
    return Math.round(boxes.get(id).y + BOX / 2 + lane * room);
  };
  const marks = [];
  for (const line of lines) {
    const [start, end] = [boxes.get(line.from), boxes.get(line.to)];
    const y1 = portOf(line, line.from, ports[0].get(line.from));
    const y2 = portOf(line, line.to, ports[1].get(line.to));
    const forward = !narrow && start.at < end.at;
    const x1 = narrow ? start.x : start.x + start.width;
    const x2 = forward || narrow ? end.x - 3 : end.x + end.width + 3;
    const arc = Math.min(narrow ? 90 : 60, 16 + Math.round(Math.abs(y1 - y2) / 5)) * (narrow ? -1 : 1);
    const [c1, c2] = forward ? [Math.round((x1 + x2) / 2), Math.round((x1 + x2) / 2)] : [x1 + arc, x2 + arc];
    line.path = `M${x1} ${y1}C${c1} ${y1} ${c2} ${y2} ${x2} ${y2}`;
    const places = [0.5, 0.35, 0.65, 0.2, 0.8].map((at) => [along(at, [x1, c1, c2, x2]), along(at, [y1, y1, y2, y2])]);
    const isFree = ([x, y]) => marks.every((mark) => Math.hypot(mark[0] - x, mark[1] - y) >= MARK);
    line.mark = places.find(isFree) ?? places[0];
    marks.push(line.mark);
  }
}
