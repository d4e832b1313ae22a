"""A judge of `lpgen trust` that shares no code with lpgen.

`referee.py` decides requests by trust policies, `assumptions.py` reads what a CloudTrail record says about an
assumption, `probes.py` invents requests that a proposal must not gain, and `judge.py` compares an output with a
scenario (`expectations.py`) and with the laws of every proposal (`laws.py`).

`scenarios/` holds the scenarios: logs, authorization details, and what must come out. Half of them are held back
(`scenarios/held_back/`): nobody who works on `lpgen trust` reads them.
"""
