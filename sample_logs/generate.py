"""Writes the sample organization: `python -m sample_logs.generate [--output DIR]`, from the top of the checkout.

The output is a function of this code alone: no clock, no randomness, no network. What is planted, and what lpgen should
conclude from it, stands beside the records: `expected.json` for the end-to-end test, `README.md` for people.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from sample_logs.planted import (
    bystanders,
    data_cast,
    delivery_cast,
    exchange_cast,
    fleet_cast,
    people_cast,
    security_cast,
    shop_cast,
    sprawl_cast,
)
from sample_logs.planted.bucket import Files, log_files, other_files
from sample_logs.planted.compute import compute
from sample_logs.planted.expectations import expected_from_cast
from sample_logs.planted.handbook import handbook_from_expected
from sample_logs.planted.identities import Role, User, authorization_details
from sample_logs.planted.member import Member
from sample_logs.planted.records import Chronicle, Planted
from sample_logs.planted.world import SECURITY, SHOP

HERE = Path(__file__).parent
CASTS = (delivery_cast, fleet_cast, shop_cast, exchange_cast, data_cast, security_cast, people_cast, sprawl_cast)
CAST: tuple[Member, ...] = tuple(member for module in CASTS for member in module.CAST)
WRITTEN = ("AWSLogs", "authorization-details")


def tell_everything() -> list[Planted]:
    """Every record of the 120 days with what it was planted for."""
    chronicle = Chronicle()
    for member in CAST:
        if member.act:
            member.act(chronicle)
    bystanders.tell_bystanders(chronicle)
    return chronicle.planted


def sample_files() -> Files:
    """Every generated file by its path below `sample_logs/`."""
    planted = tell_everything()
    roles = [member.holder for member in CAST if isinstance(member.holder, Role)]
    users = [member.holder for member in CAST if isinstance(member.holder, User)]
    unattached = [sprawl_cast.UNATTACHED]
    expected = expected_from_cast(CAST, planted)
    files = log_files(planted) | other_files()
    for account in (SHOP, SECURITY):
        files[f"authorization-details/{account}.json"] = _text(authorization_details(account, roles, users, unattached))
    files["compute.json"] = _text(compute())
    files["expected.json"] = _text(expected)
    files["README.md"] = handbook_from_expected(expected, len(files) - 4).encode()
    return files


def _text(value: object) -> bytes:
    return (json.dumps(value, indent=4, ensure_ascii=False) + "\n").encode()


def write_sample(folder: Path) -> None:
    """Replace the generated files below a folder."""
    for name in WRITTEN:
        shutil.rmtree(folder / name, ignore_errors=True)
    for path, content in sample_files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description="Write the sample organization's logs and policies.")
    parser.add_argument("--output", type=Path, default=HERE, help="folder to write into (default: beside this file)")
    write_sample(parser.parse_args().output)


if __name__ == "__main__":
    main()
