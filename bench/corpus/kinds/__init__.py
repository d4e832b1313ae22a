"""All kinds of principals, by theme a module; `bench.corpus.half` says which half each belongs to."""

from __future__ import annotations

from bench.corpus.crew import CrewFunction
from bench.corpus.kinds import (
    applications,
    bystanders,
    chores,
    crew_edges,
    crew_jobs,
    crew_lookalikes,
    crew_users,
    crews,
    data,
    held_back,
    operations,
    people,
    pipelines,
    security,
    situations,
    victims,
)
from bench.corpus.profile import Kind

THEMES = (applications, pipelines, data, operations, security, people, *held_back.THEMES)

JUDGED_THEMES = (situations, *held_back.JUDGED_THEMES)

INTRUDED_THEMES = (victims, bystanders, chores, *held_back.INTRUDED_THEMES)


CREW_THEMES = (crews, crew_lookalikes, crew_jobs, crew_users, crew_edges, *held_back.CREW_THEMES)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in sorted((one for theme in THEMES for one in theme.KINDS.found), key=lambda kind: kind.name)
}
"""Each kind by its name, sorted by name."""

JUDGED: dict[str, Kind] = {kind.name: kind for theme in JUDGED_THEMES for kind in theme.KINDS.found}
"""Each judged kind by its name. They don't share the principals of a corpus with the others: it has as many of each as
are asked for.
"""

INTRUDED: dict[str, Kind] = {kind.name: kind for theme in INTRUDED_THEMES for kind in theme.KINDS.found}
"""Each kind of the accounts that hold intruders by its name. It has as many principals of each as are asked for."""

CREWS: dict[str, CrewFunction] = {
    name: function for theme in CREW_THEMES for name, function in theme.KINDS.crews.items()
}
"""Each kind of crews by its name."""
