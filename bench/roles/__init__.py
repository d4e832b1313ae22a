"""A judge of `lpgen roles` that shares no code with lpgen.

`scenarios/` holds small worlds of users, roles, groups, policies and calls, each with checks: what each user should
become, which principals may share a role, and what nobody uses. The answers follow from AWS's documentation.
`scenario.py` is such a world, `scenario_files.py` reads it, and `records.py`, `inputs.py` and `snapshots.py` write it
as inputs of the command. `likeness.py` and `leftovers.py` say what the world's policies allow, who mustn't share a role
and what is left over; `laws.py` and `merge_laws.py` hold what is true of every answer, and `checks.py` compares an
output with a scenario. Half of the scenarios are held back (`scenarios/held_back/`): nobody who works on `lpgen roles`
reads them.
"""
