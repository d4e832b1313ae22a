"""The JSON Schemas (2020-12) of the documents that lpgen prints. Each is strict and self-contained.

They are generated from the structs of the documents. A schema has all keys of its version and rejects other keys.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from lpgen.core.documents import Part
from lpgen.core.drift.findings import DriftKind
from lpgen.core.drift.kinds import DRIFT_KINDS
from lpgen.core.drift.wildcards import Growth
from lpgen.core.registry.row import Kind
from lpgen.core.roles.model import RolesReport
from lpgen.core.rollout.plan_document import PlanDocument
from lpgen.core.tags.model import TagReport
from lpgen.report.documents.backtest import BacktestDocument
from lpgen.report.documents.drift import DriftDocument
from lpgen.report.documents.explanation import ExplanationDocument, WhoCanDocument
from lpgen.report.documents.graph import GraphDocument
from lpgen.report.documents.guardrails import BoundaryDocument, ScpDocument
from lpgen.report.documents.inputs import InputsPart
from lpgen.report.documents.observe import ObservationDocument, ObserveDocument
from lpgen.report.documents.output_folder import EvidenceDocument, SummaryDocument, VerificationDocument
from lpgen.report.documents.perimeter import PerimeterDocument
from lpgen.report.documents.review import PrincipalPart, ReviewDocument, ReviewHead
from lpgen.report.documents.rollout import WatchDocument
from lpgen.report.documents.trust import TrustDocument

Schema = dict[str, Any]

_EITHER: Final = (("actions", "not_actions"), ("resources", "not_resources"), ("Resource", "NotResource"))
"""Groups of keys. An object has exactly one key of each group."""

_KINDS: Final[Mapping[str, tuple[type[Kind], tuple[Kind, ...]]]] = {"DriftKind": (DriftKind, DRIFT_KINDS)}
"""For each group of finding kinds: the base class and the kinds, which several modules define."""


def schema_json(name: str) -> str:
    """The schema of a document by its name, as JSON text."""
    return json.dumps(SCHEMAS[name], indent=2) + "\n"


def _schema_of_document(kind: type[Part], *more: type[Part]) -> Schema:
    """The schema of a document. `more` are parts that it refers to other than by its fields."""
    defs = _definitions((kind, *more))
    root = defs.pop(kind.__name__)
    return _published(str(kind.__struct_config__.tag), root.pop("description"), {**root, "$defs": defs})


def _schema_of_lines(name: str, title: str, kinds: tuple[type[Part], ...]) -> Schema:
    """The schema of a line in a JSON lines file. Each line is one of these parts."""
    defs = _definitions(kinds)
    return _published(name, title, {"oneOf": [defs.pop(kind.__name__) for kind in kinds], "$defs": defs})


def _published(name: str, title: str, schema: Schema) -> Schema:
    urn = f"urn:{name.replace('.', ':').replace('/', ':')}"
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": urn}
    return {**head, **schema, "title": title.removesuffix(".")}


def _definitions(kinds: Iterable[type[Part]]) -> dict[str, Schema]:
    _, defs = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    for kind in kinds:
        if tag := kind.__struct_config__.tag:
            defs[kind.__name__]["properties"]["schema"] = {"const": tag, "description": "Its schema and version."}
    for schema in defs.values():
        pairs = [pair for pair in _EITHER if set(pair) <= schema.get("properties", {}).keys()]
        if pairs:
            schema["required"] = [key for key in schema["required"] if not any(key in pair for pair in pairs)]
            schema["allOf"] = [{"oneOf": [{"required": [key]} for key in pair]} for pair in pairs]
    return dict(_with_kinds(defs))


def _with_kinds(defs: Mapping[str, Schema]) -> Iterator[tuple[str, Schema]]:
    """The definitions, and one for each list of kinds, after the first definition that refers to it by title."""
    known: set[str] = set()
    for name, schema in defs.items():
        properties = schema.get("properties", {})
        titles = {key: part["title"] for key, part in properties.items() if part.get("title") in _KINDS}
        for key, title in titles.items():
            properties[key] = {"description": properties[key]["description"], "$ref": f"#/$defs/{title}"}
        yield name, schema
        for title in dict.fromkeys(titles.values()):
            if title not in known:
                base, kinds = _KINDS[title]
                yield title, {"title": title, "description": inspect.getdoc(base), "enum": sorted(kinds)}
        known.update(titles.values())


SCHEMAS: Final[dict[str, Schema]] = {
    "review": _schema_of_document(ReviewDocument),
    "review-lines": _schema_of_lines(
        "lpgen.review-lines/1",
        "The lines of `lpgen review --format jsonl`: first the review without its principals, then each principal",
        (ReviewHead, PrincipalPart),
    ),
    "summary": _schema_of_document(SummaryDocument),
    "evidence": _schema_of_document(EvidenceDocument),
    "verification": _schema_of_document(VerificationDocument),
    "explanation": _schema_of_document(ExplanationDocument),
    "who-can": _schema_of_document(WhoCanDocument),
    "drift": _schema_of_document(DriftDocument),
    "stars": _schema_of_document(Growth),
    "backtest": _schema_of_document(BacktestDocument),
    "observe": _schema_of_document(ObserveDocument),
    "observation": _schema_of_document(ObservationDocument),
    "rollout": _schema_of_document(PlanDocument, InputsPart),
    "trust": _schema_of_document(TrustDocument),
    "graph": _schema_of_document(GraphDocument),
    "tags": _schema_of_document(TagReport),
    "perimeter": _schema_of_document(PerimeterDocument),
    "scps": _schema_of_document(ScpDocument),
    "boundary": _schema_of_document(BoundaryDocument),
    "roles": _schema_of_document(RolesReport),
    "watch": _schema_of_document(WatchDocument),
}
"""The schemas by document name."""
