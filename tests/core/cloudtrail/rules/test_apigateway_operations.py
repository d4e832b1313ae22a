"""API Gateway's rows of verbs and paths against botocore's service models, which they are facts of."""

from __future__ import annotations

from collections.abc import Iterator

import botocore.session
import pytest

from lpgen.core.cloudtrail.operation_rows import read_operation_table
from lpgen.edge.catalog.files import bundled_catalog

FORMS = {
    name: {(row.actions[0].partition(":")[2], path.lower()) for path in row.paths}
    for name, row in read_operation_table(bundled_catalog().source, "apigateway.amazonaws.com").operations.items()
    if row.paths
}
TWO_VERBS = "TagResource"
"""Has another verb in each version, which a rule tells apart."""


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
        yield name, (operation.http["method"], path.lower())


@pytest.mark.parametrize("service", ["apigateway", "apigatewayv2"])
def test_operations_have_the_verbs_and_paths_of_the_model(service: str) -> None:
    modelled = {name: form for name, form in read_modelled(service) if name in FORMS.keys() - {TWO_VERBS}}
    assert len(modelled) > 70
    assert {name: form for name, form in modelled.items() if form not in FORMS[name]} == {}


def test_operations_have_no_third_form() -> None:
    assert all(1 <= len(forms) <= 2 for forms in FORMS.values())
