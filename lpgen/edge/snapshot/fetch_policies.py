"""Fetches authorization details: the principals of one account with all their policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from lpgen.edge.aws_session import AwsSession, aws_errors, page_contents

_PAGE_SIZE: Final = 1000  # the most that IAM allows

Page = Mapping[str, Any]


def fetch_policies(session: AwsSession) -> list[Page]:
    """The pages, with documents and times as the AWS CLI prints them.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html

    Raises:
        AwsError: a page can't be read. Without all pages nothing is known of an account.
    """
    with aws_errors("read the policies of roles and users"):
        paginator = session.client("iam").get_paginator("get_account_authorization_details")
        return [page_contents(page) for page in paginator.paginate(PaginationConfig={"PageSize": _PAGE_SIZE})]


def principals_in(pages: Iterable[Page], kind: str) -> list[Page]:
    """The roles (`role`) or users (`user`) of the pages."""
    name = f"{kind.title()}DetailList"
    return [one for page in pages for one in page.get(name, ())]
