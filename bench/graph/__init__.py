"""A judge of `lpgen graph` that shares no code with lpgen.

`scenarios/` holds small worlds of principals, each with checks: whether one principal can become another, or reach
administrative rights or a resource. The answers follow from AWS's documentation, which each scenario cites.
`scenario_files.py` reads the scenarios and writes them as inputs of the command; `__main__.py` runs it and compares its
output with the checks. Half of the scenarios are held back (`scenarios/held_back/`): nobody who works on `lpgen graph`
reads them.
"""
