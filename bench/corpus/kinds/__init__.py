"""All kinds of principals, by theme a module; `bench.corpus.half` says which half each belongs to."""

from __future__ import annotations

from bench.corpus.kinds import applications, data, held_back, operations, people, pipelines, security
from bench.corpus.profile import Kind

THEMES = (applications, pipelines, data, operations, security, people, *held_back.THEMES)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in sorted((one for theme in THEMES for one in theme.KINDS.found), key=lambda kind: kind.name)
}
"""Each kind by its name, sorted by name."""
