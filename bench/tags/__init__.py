"""A judge of `lpgen tags` that shares no code with lpgen.

`scenarios/` holds small worlds of principals, resources with tags, and calls, each with checks: which state a proposal
has, what its policy allows, who can write the tag, and what the guard denies. The answers follow from AWS's
documentation, which each scenario cites. `scenario.py` is such a world, `scenario_files.py` reads it, `records.py` and
`inputs.py` write it as inputs of the command, `decisions.py` decides requests in it, `laws.py`, `probes.py` and
`writer_laws.py` hold what is true of every proposal, and `checks.py` compares an output with a scenario. Half of the
scenarios are held back (`scenarios/held_back/`): nobody who works on `lpgen tags` reads them.
"""
