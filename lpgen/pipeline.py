"""The spine of lpgen: one module per stage, in the order of the data. Read them from top to bottom.

Only these modules join the pure core and the world at its edge. For a script the functions can be imported from here; a
command imports the stage that it runs, so it doesn't wait for the others. Drift (`pipeline_drift.py`) and the rollout
of replacements (`pipeline_rollout.py`) build on the last stage.
"""

from __future__ import annotations

# The order is that of the data.
# isort: off

# log files, objects, events, days in Athena -> the usage tables of a data folder
from lpgen.pipeline_ingest import ingest

# tables in Athena -> what an ingest would ask them
from lpgen.pipeline_athena import plan_athena

# one log file -> the actions that each record needs
from lpgen.pipeline_map import map_records

# requests with the policies that they meet -> decisions
from lpgen.pipeline_authorize import authorize

# a request, policies and a data folder -> which hole lets it through, or what stops it
from lpgen.pipeline_explain import explain

# a data folder and policies -> verdicts, replacements and their proof
from lpgen.pipeline_analysis import analyse

# a data folder and policies -> what replacements of past days would have denied later
from lpgen.pipeline_backtest import backtest

# a data folder and policies -> the trails that would decide what a review keeps without seen use
from lpgen.pipeline_observe import observe

# a report -> a folder of replacements, with digests -> the second opinion on it
from lpgen.pipeline_output import generate, inputs_of_report, verify

__all__ = [
    "analyse",
    "authorize",
    "backtest",
    "explain",
    "generate",
    "ingest",
    "inputs_of_report",
    "map_records",
    "observe",
    "plan_athena",
    "verify",
]
