"""A judge of `lpgen roles` that shares no code with lpgen.

`scenarios/` holds small worlds of users, roles, groups, policies and calls, each with checks: what each user should
become, which principals may share a role, which roles do several jobs, and what nobody uses. The answers follow from
AWS's documentation. `scenario.py` is such a world, `scenario_files.py` reads it, and `records.py`, `sessions.py`,
`inputs.py` and `snapshots.py` write it as inputs of the command. `likeness.py` and `leftovers.py` say what the world's
policies allow, who mustn't share a role and what is left over, and `split_parts.py` says which part of a split holds a
session. `laws.py`, `merge_laws.py`, `split_laws.py` and `split_policies.py` hold what is true of every answer, and
`checks.py` and `split_checks.py` compare an output with a scenario. Half of the scenarios are held back
(`scenarios/held_back/`): nobody who works on `lpgen roles` reads them.
"""
