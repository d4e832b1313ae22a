"""All fuzz targets by name."""

from __future__ import annotations

from typing import Final

from tests.attack.fuzz import input_targets, log_targets, policy_targets, state_targets
from tests.attack.fuzz.target import Target

TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for target in (*log_targets.TARGETS, *policy_targets.TARGETS, *input_targets.TARGETS, *state_targets.TARGETS)
}
