"""The kinds of rows in the table of signs."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class SignKind(StrEnum):
    """What a row of the table of signs says about a user's calls with a key or its sign-ins, or about the sessions of a
    role."""

    DAY = "key-day"
    NETWORK = "key-network"
    PROGRAM = "key-program"
    SIGN_IN = "sign-in"  # on a day
    MFA = "sign-in-mfa"  # yes or no
    NAME = "session-name"
    SOURCE_IDENTITY = "session-source-identity"
    RESOURCE = "session-resource"
    SUBJECT = "session-subject"  # a name and a subject
    KEY = "session-key"  # a key and a name: no request for it is known yet
    ISSUED = "session-issued"  # a request: the subject is the resource, and the key the detail
    UNKNOWN = "session-unknown"  # the record has nothing of these


LINK_KINDS: Final = frozenset({SignKind.SUBJECT.value, SignKind.KEY.value, SignKind.ISSUED.value})
"""The kinds of `lpgen.core.usage.session_links`, which has limits of its own."""
