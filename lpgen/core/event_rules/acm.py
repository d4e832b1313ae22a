"""Certificate Manager: certificates by ARN, and acm:AddTagsToCertificate where a request or an import sets tags.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html
"""

from __future__ import annotations

from lpgen.core.event_rules.call import Call, RuleTable
from lpgen.core.event_rules.declared import NamedType, ResourceType, declared_rules, mapped
from lpgen.core.event_rules.inferences import TAG_ON_CREATE
from lpgen.core.model import NO_RESOURCE, MappedAction

SOURCE = "acm.amazonaws.com"

TYPES: dict[str, ResourceType] = {"certificate": NamedType("acm", "certificate/{}", "certificateArn")}

_OPERATIONS = """
AddTagsToCertificate DeleteCertificate DescribeCertificate ExportCertificate GetCertificate ListTagsForCertificate
RemoveTagsFromCertificate RenewCertificate ResendValidationEmail RevokeCertificate UpdateCertificateOptions
"""


def _map_request(call: Call) -> tuple[MappedAction, ...]:
    """RequestCertificate takes no resource; its tags go onto the new certificate."""
    request = (mapped("acm:RequestCertificate", (NO_RESOURCE,)),)
    if not call.has("tags"):
        return request
    return (*request, mapped("acm:AddTagsToCertificate", (TYPES["certificate"].pattern(call),), how=TAG_ON_CREATE))


RULES: RuleTable = {
    **declared_rules(
        SOURCE,
        "acm",
        TYPES,
        "ImportCertificate certificate #AddTagsToCertificate\n"
        + "\n".join(f"{operation} certificate" for operation in _OPERATIONS.split()),
    ),
    (SOURCE, "RequestCertificate"): _map_request,
}
