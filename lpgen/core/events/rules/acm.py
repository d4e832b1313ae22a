"""Certificate Manager: certificates by ARN, and acm:AddTagsToCertificate where a request or an import sets tags.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules

SOURCE = "acm.amazonaws.com"

TYPES: dict[str, ResourceType] = {"certificate": NamedType("acm", "certificate/{}", "certificateArn")}

_LINES = """
AddTagsToCertificate      certificate
DeleteCertificate         certificate
DescribeCertificate       certificate
ExportCertificate         certificate
GetCertificate            certificate
ImportCertificate         certificate #AddTagsToCertificate
ListTagsForCertificate    certificate
RemoveTagsFromCertificate certificate
RenewCertificate          certificate
RequestCertificate        #AddTagsToCertificate:+certificate
ResendValidationEmail     certificate
RevokeCertificate         certificate
UpdateCertificateOptions  certificate
"""

RULES: RuleTable = declared_rules(SOURCE, "acm", TYPES, _LINES)
