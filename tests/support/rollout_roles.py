"""Roles with a policy of their own and its replacement, in an account that is empty before each test."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.aws_servers import Server, moto_server
from tests.support.rollout_worlds import New, World, allow, document

OLD = document(allow("s3:*"))
NEW = (New(document(allow("s3:GetObject"))),)


def own_server() -> Iterator[Server]:
    """To make a fixture of: a server for one file, which its tests may empty."""
    with moto_server() as running:
        yield running


def empty_account(server: Server, tmp_path: Path) -> World:
    """To make a fixture of: an account without a principal, on the `server` of the file."""
    urllib.request.urlopen(urllib.request.Request(f"{server.url}/moto-api/reset", method="POST")).read()
    return World(server, tmp_path)


def role(world: World, name: str = "app", **more: Any) -> str:
    return world.make_role(name, inline={"own": OLD}, **more)
