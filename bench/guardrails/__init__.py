"""A judge of `lpgen guardrails` that shares no code with lpgen.

`scenarios/` holds small organizations and accounts, each with checks: which state a proposal has, what it denies and
what it leaves allowed. The answers follow from AWS's documentation, which each scenario cites. `scenario.py` is
the world of a scenario, `scenario_files.py` reads it, `inputs.py` and `records.py` write it as inputs of the command,
`scp.py` and `boundary.py` compare an output with the checks, `scp_laws.py` and `boundary_laws.py` hold what is true of
every output, and `__main__.py` runs it all. Statements are decided by `bench/perimeter/evaluator.py`. Half of the
scenarios are held back (`scenarios/held_back/`): nobody who works on `lpgen guardrails` reads them.
"""
