"""Inputs of an output folder, for tests of what is rendered."""

from __future__ import annotations

from lpgen.core.digests import CatalogStamp, Inputs, PolicyFile
from lpgen.core.made_from import options_to_facts
from lpgen.core.options import Options

INPUTS = Inputs(
    lpgen_version="0.1.0",
    catalog=CatalogStamp("2026.09.26", "2026-09-26", "c" * 64),
    usage="a" * 64,
    policies=(PolicyFile("policies/111122223333.json", "b" * 64),),
    decisions="d" * 64,
    options=options_to_facts(Options()),
)
