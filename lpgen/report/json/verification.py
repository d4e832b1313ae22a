"""A verification as JSON, schema `lpgen.verification/1`: per principal each check with all that it found.

Keys are only ever added under this name; a change of meaning takes a new number. Each of the `principals` has a
`principal` (its ARN), a `status` and the `checks`. The `status` above them is the worst of all: `failed`, `unproven` or
`passed`; without any principal or any check it is `failed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lpgen.core.replacements import CheckStatus, Verification
from lpgen.report.json.facts import facts_of_checks
from lpgen.report.json.layout import lay_out

VERIFICATION_SCHEMA: Final = "lpgen.verification/1"


def verification_json(verifications: Sequence[Verification]) -> str:
    """The verifications as JSON text, in the order given."""
    return lay_out(
        {
            "schema": VERIFICATION_SCHEMA,
            "status": worst_status(verifications),
            "principals": [
                {"principal": one.principal, "status": one.status, "checks": facts_of_checks(one.checks)}
                for one in verifications
            ],
        }
    )


def worst_status(verifications: Sequence[Verification]) -> CheckStatus:
    """FAILED if any has failed or there is none, UNPROVEN if any is unproven, else PASSED."""
    statuses = {one.status for one in verifications}
    if not statuses or CheckStatus.FAILED in statuses:
        return CheckStatus.FAILED
    return CheckStatus.UNPROVEN if CheckStatus.UNPROVEN in statuses else CheckStatus.PASSED
