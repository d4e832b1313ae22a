"""Options that several commands share: a dataclass declares them once, and a command takes it as one parameter."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints


class Only:
    """Which fields of a group a command has options for: `Annotated[ChoiceOptions, Only("as_of", "decisions")]`."""

    def __init__(self, *names: str) -> None:
        self.names = frozenset(names)


class Described:
    """The options of a group that doesn't know the command line: `Annotated[LogOptions, Described(since=...)]`.

    Gives typer's option for each field, or `Annotated[TYPE, OPTION]` if typer can't read the field's type.
    """

    def __init__(self, **options: Any) -> None:
        self.options = options


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command for typer: the options of its fields replace each parameter whose type is a dataclass.

    These options come after the command's own.
    """
    own: list[inspect.Parameter] = []
    groups: dict[str, tuple[type, list[inspect.Parameter]]] = {}
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        group = _group_of(parameter.annotation)
        if group is None:
            own.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
        else:
            groups[parameter.name] = group

    def run(**values: Any) -> None:
        made = {
            name: kind(**{parameter.name: values.pop(parameter.name) for parameter in taken})
            for name, (kind, taken) in groups.items()
        }
        command(**values, **made)

    parameters = [*own, *(parameter for _, taken in groups.values() for parameter in taken)]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


def _group_of(annotation: Any) -> tuple[type, list[inspect.Parameter]] | None:
    """The dataclass of an annotation and the options of its fields, or None if it isn't a dataclass."""
    kind, *marks = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    if not is_dataclass(kind) or not isinstance(kind, type):
        return None
    only = next((mark.names for mark in marks if isinstance(mark, Only)), None)
    hints = get_type_hints(kind, include_extras=True)
    for name, option in next((mark.options for mark in marks if isinstance(mark, Described)), {}).items():
        hints[name] = option if get_origin(option) is Annotated else Annotated[hints[name], option]
    return kind, [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(kind)
        if only is None or field.name in only
    ]
