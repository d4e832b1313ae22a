// The network: edges as numbers, the steps from chosen nodes, and what the picture shows of them.

const network = parseData("network");
const nodes = network.nodes.map(([arn, name, kind, cluster, administrator], id) => {
  return { id, arn, name, kind, cluster: network.clusters[cluster], administrator: administrator === 1 };
});
const [ADMIN, ROLE, USER, GROUP, OUTSIDE] = [0, 1, 2, 3, 5];
const [TODAY, AFTER] = [0, 1]; // where evidence has its states, which are 0 (no edge), 1 (open) and 2 (depends)
const EVIDENCE = ["way", "others", "use", "words", "keys", "statements", "through", "ifExists", "rcpUnknown"];
const evidence = network.evidence.map(([today, after, ...parts]) => {
  return { states: [today, after], ...Object.fromEntries(EVIDENCE.map((part, at) => [part, parts[at]])) };
});
const edges = network.edges.flatMap(([from, at, gaps]) => {
  return targetsOf(gaps).map((to) => ({ from, to, evidence: evidence[at] }));
});
const [outOf, into] = ["from", "to"].map((side) => {
  const found = Map.groupBy(edges, (edge) => edge[side]);
  return nodes.map(({ id }) => found.get(id) ?? []);
});
// Open and possible edges, today and after the replacements.
const VIEWS = (network.compared ? [TODAY, AFTER] : [TODAY]).flatMap((when) => [
  (edge) => edge.evidence.states[when] > 0,
  (edge) => edge.evidence.states[when] === 1,
]);

// Runs as the gap to the last one and the number of further targets, in hexadecimal: `0-4,2`.
function targetsOf(gaps) {
  const found = [];
  let next = 0;
  for (const run of gaps.split(",")) {
    const [gap, more = 0] = run.split("-").map((text) => parseInt(text, 16));
    next += gap;
    for (const end = next + more; next <= end; next += 1) found.push(next);
  }
  return found;
}

// The steps of each node from the chosen ones, or -1. `backward`: to the chosen ones.
function stepsFrom(chosen, backward, has) {
  const steps = new Int32Array(nodes.length).fill(-1);
  const reached = [...chosen];
  for (const id of chosen) steps[id] = 0;
  for (const id of reached) {
    for (const edge of backward ? into[id] : outOf[id]) {
      const other = backward ? edge.from : edge.to;
      if (steps[other] < 0 && has(edge)) reached.push(other) && (steps[other] = steps[id] + 1);
    }
  }
  return steps;
}

// What a question is about: the edges on shortest paths in any view (or all), and the column of each node.
function subnetwork({ kind, chosen, only, every }) {
  const [near, far] = kind === "out" ? ["from", "to"] : ["to", "from"];
  const steps = VIEWS.map((has) => stepsFrom(chosen, kind !== "out", has));
  const reach = (id, when) => (steps[2 * when + 1]?.[id] >= 0 ? 1 : steps[2 * when]?.[id] >= 0 ? 2 : 0);
  const isNext = (before, after) => before >= 0 && after > 0 && (every || after === before + 1);
  const isOnPath = (edge) => VIEWS.some((has, at) => isNext(steps[at][edge[near]], steps[at][edge[far]]) && has(edge));
  const members = nodes.map(({ id }) => id).filter((id) => steps.some((found) => found[id] >= 0));
  const isLost = (id) => reach(id, TODAY) !== reach(id, AFTER) && reach(id, AFTER) !== 1;
  const kept = new Set(kind === "cut" ? members.filter(isLost) : only.length ? only : members);
  const all = edges.filter(isOnPath);
  const ahead = Map.groupBy(all, (edge) => edge.from);
  for (const id of kept) for (const edge of ahead.get(id) ?? []) kept.add(edge.to);
  const drawn = all.filter((edge) => kept.has(edge.from));
  const linked = new Set([chosen[0], ...drawn.flatMap(({ from, to }) => [from, to])]);
  const level = (id) => (steps[0][id] >= 0 ? steps[0][id] : steps[2][id]);
  return { drawn, columns: new Map(members.filter((id) => linked.has(id)).map((id) => [id, level(id)])), reach };
}
