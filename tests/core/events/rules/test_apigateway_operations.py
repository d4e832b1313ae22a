"""API Gateway's table of verbs and paths against botocore's service models, which it is a fact of."""

from __future__ import annotations

from collections.abc import Iterator

import botocore.session
import pytest

from lpgen.core.events.rules.apigateway import parse_operations
from lpgen.core.events.rules.apigateway_operations import LINES

FORMS = parse_operations(LINES)


def read_modelled(service: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each operation of a service model with its verb and path, parameters by their member names."""
    model = botocore.session.Session().get_service_model(service)
    for name in model.operation_names:
        operation = model.operation_model(name)
        members = operation.input_shape.members if operation.input_shape else {}
        names = {
            shape.serialization.get("name", member): member[0].lower() + member[1:]
            for member, shape in members.items()
            if shape.serialization.get("location") == "uri"
        }
        path = operation.http["requestUri"].partition("?")[0].removeprefix("/v2").replace("+}", "}")
        for written, member in names.items():
            path = path.replace(f"{{{written}}}", f"{{{member}}}")
        yield name, (operation.http["method"], path)


@pytest.mark.parametrize("service", ["apigateway", "apigatewayv2"])
def test_operations_have_the_verbs_and_paths_of_the_model(service: str) -> None:
    modelled = {name: form for name, form in read_modelled(service) if name in FORMS}
    assert len(modelled) > 70
    assert {name: form for name, form in modelled.items() if form not in FORMS[name]} == {}


def test_operations_have_no_third_form() -> None:
    assert all(1 <= len(forms) <= 2 and len(set(forms)) == len(forms) for forms in FORMS.values())
