"""A verification as JSON, schema `lpgen.verification/1`: per principal each check with all that it found.

Keys are only ever added under this name; a change of meaning takes a new number. Each of the `principals` has a
`principal` (its ARN), a `status` and the `checks`. `folder` has the checks on the output folder as a whole, and
`changed_inputs` the inputs that are no longer those that it was made from. `choices` are the options with which it was
generated, where they aren't the defaults. The `status` above them is the worst of all:
`failed`, `unproven` or `passed`; without any principal or any check it is `failed`. Changed inputs don't count in it.
"""

from __future__ import annotations

from typing import Final

from lpgen.core.replacements import OutputVerification
from lpgen.report.json.facts import facts_of_checks
from lpgen.report.json.layout import lay_out

VERIFICATION_SCHEMA: Final = "lpgen.verification/1"


def verification_json(verification: OutputVerification) -> str:
    """The verification as JSON text, with the principals in the order given."""
    return lay_out(
        {
            "schema": VERIFICATION_SCHEMA,
            "status": verification.status,
            "changed_inputs": list(verification.changed_inputs),
            "choices": list(verification.choices),
            "folder": {"checks": facts_of_checks(verification.checks)},
            "principals": [
                {"principal": one.principal, "status": one.status, "checks": facts_of_checks(one.checks)}
                for one in verification.principals
            ],
        }
    )
