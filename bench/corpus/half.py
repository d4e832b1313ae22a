"""Which kinds may be looked at while something is tuned, and which are held back until it is judged.

The rule: the kinds' names are sorted by the SHA-256 of a fixed salt and the name, and every second one is held back.
A new kind changes the halves of others, so the list is frozen here and `tests/test_bench_corpus.py` compares it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

TUNED: Final = "tuned"
HELD_BACK: Final = "held-back"
_SALT: Final = "lpgen corpus 1"


def split_kinds(names: Iterable[str]) -> dict[str, str]:
    """The half of each kind by the rule."""
    ordered = sorted(names, key=lambda name: hashlib.sha256(f"{_SALT}/{name}".encode()).hexdigest())
    return {name: HELD_BACK if number % 2 else TUNED for number, name in enumerate(ordered)}


HALVES: Final[dict[str, str]] = {
    "access_reviewer": HELD_BACK,
    "administrator": HELD_BACK,
    "analyst": TUNED,
    "archive_reader": TUNED,
    "blue_green_service": HELD_BACK,
    "break_glass": HELD_BACK,
    "build_runner": TUNED,
    "certificate_manager": HELD_BACK,
    "cluster_autoscaler": TUNED,
    "dated_exports": TUNED,
    "developer": HELD_BACK,
    "dns_controller": TUNED,
    "ecs_deployer": HELD_BACK,
    "event_publisher": HELD_BACK,
    "findings_collector": HELD_BACK,
    "function_publisher": TUNED,
    "image_baker": TUNED,
    "image_pusher": TUNED,
    "image_renderer": TUNED,
    "inventory_crawler": HELD_BACK,
    "lake_onboarding": TUNED,
    "log_forwarder": HELD_BACK,
    "model_training": HELD_BACK,
    "monthly_billing": TUNED,
    "new_application": TUNED,
    "night_stopper": TUNED,
    "nightly_etl": HELD_BACK,
    "on_call": HELD_BACK,
    "patch_runner": TUNED,
    "posture_scanner": HELD_BACK,
    "preview_environments": HELD_BACK,
    "quarterly_report": HELD_BACK,
    "queue_worker": HELD_BACK,
    "recreated_tables": TUNED,
    "script_key": TUNED,
    "secret_rotator": TUNED,
    "snapshot_cleaner": HELD_BACK,
    "stack_deployer": TUNED,
    "stream_consumer": TUNED,
    "tag_auditor": TUNED,
    "task_scheduler": TUNED,
    "telemetry_agent": HELD_BACK,
    "tenant_service": HELD_BACK,
    "terraform_deployer": TUNED,
    "transient_clusters": HELD_BACK,
    "volume_backup": HELD_BACK,
    "web_api": TUNED,
    "yearly_closing": HELD_BACK,
}
"""The half of each kind."""


def half_of(kind: str) -> str:
    """The half that a kind belongs to."""
    return HALVES[kind]
