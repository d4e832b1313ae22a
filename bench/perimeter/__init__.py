"""A judge of `lpgen perimeter` that shares no code with lpgen.

`scenarios/` holds small worlds of principals, resources and calls, each with checks: which state a proposal has, and
what it denies. The answers follow from AWS's documentation, which each scenario cites. `scenario_files.py` reads the
scenarios, `inputs.py` and `records.py` write them as inputs of the command, `requests.py` knows which condition keys
AWS gives a request, `evaluator.py` decides statements, `laws.py` holds what is true of every proposal, `checks.py`
compares an output with a scenario, and `__main__.py` runs it all. Half of the scenarios are held back
(`scenarios/held_back/`): nobody who works on `lpgen perimeter` reads them.
"""
