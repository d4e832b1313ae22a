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
    "access_reviewer": TUNED,
    "account_rollout": HELD_BACK,
    "administrator": HELD_BACK,
    "analyst": HELD_BACK,
    "archive_reader": TUNED,
    "blue_green_service": TUNED,
    "break_glass": TUNED,
    "build_runner": HELD_BACK,
    "certificate_manager": HELD_BACK,
    "cluster_autoscaler": HELD_BACK,
    "dated_exports": HELD_BACK,
    "developer": TUNED,
    "dns_controller": HELD_BACK,
    "ecs_deployer": TUNED,
    "event_publisher": HELD_BACK,
    "findings_collector": TUNED,
    "function_publisher": TUNED,
    "image_baker": HELD_BACK,
    "image_pusher": HELD_BACK,
    "image_renderer": TUNED,
    "inventory_crawler": HELD_BACK,
    "lake_onboarding": TUNED,
    "log_forwarder": TUNED,
    "model_training": TUNED,
    "monthly_billing": TUNED,
    "new_application": HELD_BACK,
    "night_stopper": HELD_BACK,
    "nightly_etl": TUNED,
    "on_call": TUNED,
    "patch_runner": TUNED,
    "posture_scanner": TUNED,
    "preview_environments": HELD_BACK,
    "quarterly_report": HELD_BACK,
    "queue_worker": TUNED,
    "recreated_tables": HELD_BACK,
    "region_expansion": HELD_BACK,
    "script_key": TUNED,
    "seasonal_sale": TUNED,
    "secret_rotator": HELD_BACK,
    "snapshot_cleaner": TUNED,
    "stack_deployer": HELD_BACK,
    "stream_consumer": TUNED,
    "tag_auditor": HELD_BACK,
    "task_scheduler": HELD_BACK,
    "telemetry_agent": HELD_BACK,
    "tenant_service": HELD_BACK,
    "terraform_deployer": TUNED,
    "transient_clusters": TUNED,
    "versioned_dataset": HELD_BACK,
    "volume_backup": TUNED,
    "web_api": HELD_BACK,
    "yearly_closing": TUNED,
}
"""The half of each kind."""


def half_of(kind: str) -> str:
    """The half that a kind belongs to."""
    return HALVES[kind]
