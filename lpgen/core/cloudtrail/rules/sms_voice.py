"""End User Messaging SMS: messages on the number, pool or sender that they come from.

The request names that by number, id, name or ARN:
https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, is_arn_of, listed_arns
from lpgen.core.cloudtrail.rules.types import ReaderTable, resource_from_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import Resource

_KINDS = ("phone-number/", "pool/", "sender-id/")
_KIND_BY_ID = {"phone-": "phone-number/", "pool-": "pool/"}


def _origins(call: Call) -> Iterator[Resource]:
    """The message's origin, as the record of a data event lists it or as the request names it."""
    listed = [arn for arn in listed_arns(call, "sms-voice") if arn.split(":", 5)[-1].startswith(_KINDS)]
    if listed:
        yield from map(exact, listed)
    else:
        yield from (_origin(call, text) for text in call.texts("originationIdentity") if not has_wildcard(text))


def _origin(call: Call, text: str) -> Resource:
    """The number, pool or sender that a text names. A number doesn't show its id, and a sender not its country."""
    if is_arn_of(text, "sms-voice"):
        return exact(text)
    kind = next((kind for prefix, kind in _KIND_BY_ID.items() if text.startswith(prefix)), "")
    if kind:
        return exact(call.arn("sms-voice", kind + text))
    is_number = text.lstrip("+").isdecimal()
    return resource_from_arn(call.arn("sms-voice", "phone-number/*" if is_number else f"sender-id/{text}/*"))


READERS: ReaderTable = {"sms-voice.amazonaws.com": {"origin": ReaderType(_origins)}}
