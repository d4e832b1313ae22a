"""AWS Config, by the names that calls give: recorders, rules, packs and aggregators, and the place of a pack's
template.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsconfig.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable
from lpgen.core.cloudtrail.rules.inferences import TEMPLATE_SOURCE
from lpgen.core.cloudtrail.rules.listed import exact
from lpgen.core.cloudtrail.rules.ssm_resources import document_arn
from lpgen.core.cloudtrail.rules.types import mapped
from lpgen.core.model import MappedAction

_SOURCE = "config.amazonaws.com"


def _complete_pack(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """A pack, with what reading its template from Systems Manager needs.

    https://docs.aws.amazon.com/config/latest/APIReference/API_PutConformancePack.html
    """
    return (*actions, *_read_template(call))


def _read_template(call: Call) -> Iterator[MappedAction]:
    document = call.text("templateSSMDocumentDetails", "documentName")
    if document:
        arns = (arn for arn in (document_arn(call, document),) if arn)
        yield mapped("ssm:GetDocument", map(exact, arns), how=TEMPLATE_SOURCE)


COMPLETIONS: CompletionTable = {
    (_SOURCE, "PutConformancePack"): _complete_pack,
    (_SOURCE, "PutOrganizationConformancePack"): _complete_pack,
}
