"""How an address says that it is a table in Athena, apart from all that is known of such tables."""

from __future__ import annotations

from typing import Final

SCHEME: Final = "athena://"
"""Addresses are `athena://DATABASE.TABLE`. A name with this prefix in the ledger is a day of a table."""
