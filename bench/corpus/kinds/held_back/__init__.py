"""The kinds that judge, by theme a module. Whoever tunes what they judge doesn't read them: see `bench.corpus.half`."""

from __future__ import annotations

from typing import Final

from bench.corpus.kinds.held_back import (
    bystanders,
    chores,
    clusters,
    delivery,
    people,
    services,
    situations,
    upkeep,
    victims,
    warehouses,
)
from bench.corpus.kinds.held_back.crews import alike, differences, identities, jobs, keys, sessions, users

THEMES = (clusters, delivery, warehouses, services, upkeep, people)
JUDGED_THEMES = (situations,)
INTRUDED_THEMES = (victims, bystanders, chores)
CREW_THEMES = (users, jobs, alike, identities, sessions, differences, keys)

VICTIMS: Final[dict[str, tuple[str, ...]]] = {
    "stolen_ci_token": ("plan_checker", "parameter_publisher", "site_publisher"),
    "leaked_key": ("redshift_loader", "eraser"),
    "instance_credentials": ("image_puller", "task_execution", "database_client"),
    "insider": ("support_desk", "external_auditor"),
    "persistence": ("dag_runner", "secret_syncer"),
    "logging_switched_off": ("disaster_copy", "cluster_backup"),
}
"""By scenario the kinds that have one victim each."""
