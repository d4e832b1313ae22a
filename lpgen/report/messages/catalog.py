"""Facts about the catalog, as JSON values and as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from lpgen.core.catalog.catalog import Catalog, CatalogChanges
from lpgen.core.catalog.service import Manifest, ResourceUse
from lpgen.core.model import AccessLevel, Action

Facts = dict[str, object]
"""A JSON object."""


def facts_of_action(catalog: Catalog, action: Action) -> Facts:
    """The catalog's facts about an action. null means that the source doesn't state it."""
    detail = catalog.detail(action)
    prefix = action.partition(":")[0]
    return {
        "action": action,
        "level": detail.level,
        "levels": list(detail.levels),
        "resources": [
            {"type": use.type, "required": use.required, "arn_formats": list(catalog.arn_formats(prefix, use.type))}
            for use in detail.resources
        ],
        "condition_keys": list(detail.condition_keys),
        "dependents": None if detail.dependents is None else list(detail.dependents),
        "first_seen": detail.first_seen,
        "catalog": catalog.date,
    }


def text_of_action(catalog: Catalog, action: Action) -> str:
    """The catalog's facts about an action as text."""
    detail = catalog.detail(action)
    prefix = action.partition(":")[0]
    lines = [action, _row("level", detail.level)]
    if not detail.resources:
        lines.append(_row("resources", "none: only `*` grants it"))
    for place, use in enumerate(detail.resources):
        lines.append(_row("" if place else "resources", f"{use.type} ({_need(use)})"))
        lines += [_row("", f"  {arn}") for arn in catalog.arn_formats(prefix, use.type)]
    lines += _rows("condition keys", detail.condition_keys)
    lines += _rows("dependents", detail.dependents)
    oldest = " or earlier" if detail.first_seen <= catalog.manifest.oldest_release else ""
    lines.append(_row("first seen", detail.first_seen + oldest))
    return "\n".join([*lines, _row("catalog", catalog.date)])


def facts_of_catalog(catalog: Catalog, *, path: str) -> Facts:
    """The version and size of a catalog."""
    manifest = catalog.manifest
    details = [catalog.detail(action) for action in catalog.actions()]
    levels = Counter(detail.level for detail in details)
    return {
        "path": path,
        **_facts_of_manifest(manifest),
        "resource_types": manifest.counts.resource_types,
        "condition_keys": manifest.counts.condition_keys,
        "levels": {level.value: levels[level] for level in AccessLevel},
        "without_resources": sum(not detail.resources for detail in details),
        "sources": [
            {"name": source.name, "version": source.version, "license": source.license, "gives": source.gives}
            for source in manifest.sources
        ],
    }


def text_of_catalog(catalog: Catalog, *, path: str) -> str:
    """The version and size of a catalog as text."""
    facts = facts_of_catalog(catalog, path=path)
    names = ("path", "version", "date", "services", "actions")
    lines = [_row(name, _number(facts[name])) for name in names]
    levels = facts["levels"]
    if isinstance(levels, Mapping):
        lines += [_row("", f"{count:>6,} {level}") for level, count in levels.items()]
    lines.append(_row("", f"{facts['without_resources']:>6,} of them without resource-level permissions"))
    lines += [_row(name.replace("_", " "), _number(facts[name])) for name in ("resource_types", "condition_keys")]
    for place, source in enumerate(catalog.manifest.sources):
        lines.append(_row("" if place else "sources", f"{source.name} {source.version} ({source.license})"))
        lines.append(_row("", f"  {source.gives}"))
    return "\n".join(lines)


def facts_of_update(changes: CatalogChanges, *, before: Manifest, after: Manifest, path: str) -> Facts:
    """The catalog that an update wrote, with additions and removals."""
    return {
        "path": path,
        **_facts_of_manifest(after),
        "before": _facts_of_manifest(before),
        **{name: list(names) for name, names in asdict(changes).items()},
    }


def _facts_of_manifest(manifest: Manifest) -> Facts:
    counts = manifest.counts
    identity = {"version": manifest.version, "date": manifest.date}
    return {**identity, "services": counts.services, "actions": counts.actions}


def text_of_update(changes: CatalogChanges, *, before: Manifest, after: Manifest, path: str) -> str:
    """The catalog that an update wrote, with additions and removals, as text."""
    lines = [_row("written to", path), _row("before", _counts(before)), _row("now", _counts(after))]
    for title, names in (
        ("services added", changes.services_added),
        ("services removed", changes.services_removed),
        ("actions added", changes.actions_added),
        ("actions removed", changes.actions_removed),
    ):
        lines += [f"{title}: {len(names):,}", *(f"  {name}" for name in names)]
    return "\n".join(lines)


def _counts(manifest: Manifest) -> str:
    return f"{manifest.date}, {manifest.counts.services:,} services, {manifest.counts.actions:,} actions"


def _need(use: ResourceUse) -> str:
    if use.required is None:
        return "not known whether required"
    return "required" if use.required else "optional"


def _rows(title: str, values: Sequence[str] | None) -> list[str]:
    """A list with a title; "unknown" if the source doesn't state it."""
    if not values:
        return [_row(title, "unknown" if values is None else "none")]
    return [_row("" if place else title, value) for place, value in enumerate(values)]


def _row(title: str, value: str) -> str:
    return f"  {title:<15} {value}".rstrip()


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
