"""Why `lpgen rollout` leaves a principal as it is: a row per reason. Their `step` is the option that overrides it."""

from __future__ import annotations

from typing import Final

from lpgen.core.registry.row import Kind, Row

_AS_CODE: Final = "(`lpgen generate --as` writes them as terraform or cloudformation)"


def _tooling(word: str, title: str, message: str) -> Row:
    return Row(word, title, parameters={"principal": str}, message=message, step="--include {principal}")


def _groups(*, groups: tuple[str, ...], folder: str) -> str:
    noun = "group" if len(groups) == 1 else "groups"
    return (
        f"it would have to leave the {noun} {', '.join(groups)}, and lpgen never touches a membership: first attach the"
        f" documents of {folder} by hand, then leave"
    )


class RefusalKind(Kind):
    """Why a principal isn't rolled out; from CALLER on it is found only when the plan is applied."""

    SERVICE_LINKED = Row(
        "service_linked", "service-linked", message="a service-linked role: only AWS changes its policies"
    )
    SSO = Row(
        "sso",
        "of IAM Identity Center",
        message="IAM Identity Center writes this role: put the replacement into its permission set",
    )
    ORGANIZATION_ACCESS = _tooling(
        "organization_access",
        "the organization's way in",
        "the organization's way into the account, for when nothing else works",
    )
    CONTROL_TOWER = _tooling(
        "control_tower",
        "of Control Tower",
        "a role of AWS Control Tower, which repairs or fails over what others change",
    )
    STACK_SETS = _tooling(
        "stack_sets", "of StackSets", "a role of CloudFormation StackSets, which deploys what isn't known yet"
    )
    CDK_BOOTSTRAP = _tooling(
        "cdk_bootstrap", "of the CDK", "a role of the CDK's bootstrap stack, which deploys what isn't known yet"
    )
    BREAK_GLASS = Row(
        "break_glass", "break-glass", parameters={"glob": str}, message="a break-glass role, named by `{glob}`"
    )
    MANAGED_AS_CODE = Row(
        "managed_as_code",
        "managed as code",
        parameters={"case": str, "folder": str, "glob": str, "resource": str, "stack": str},
        message={
            "by-option": "managed as code, by --managed-as-code {glob}: put the documents of {folder} into that code "
            + _AS_CODE,
            "by-stack": "managed as code: change the resource {resource} in the template of the stack {stack}, from the"
            " documents of {folder} " + _AS_CODE,
        },
    )
    NOT_SAFE = Row(
        "not_safe",
        "not called safe",
        parameters={"why": str},
        message="the replacement isn't called safe: {why}",
        step="--unsafe",
    )
    GROUPS = Row("groups", "in groups", parameters={"groups": tuple, "folder": str}, message=_groups)
    NOT_IN_POLICIES = Row("not_in_policies", "not in the policies given", message="the policies given don't have it")
    OTHER_POLICIES = Row(
        "other_policies",
        "generated from other policies",
        parameters={"case": str},
        message={
            "recreated": "it was deleted and created again after the replacement was made",
            "changed": "the policies given aren't those that the replacement was generated from: generate it again",
            "missing": "the policies given lack a document that is attached to it",
        },
    )
    NAME = Row("name", "an impossible name", message="its name or ARN is none that IAM gives")
    NO_SPACE = Row(
        "no_space",
        "no room",
        parameters={"case": str, "why": str, "file": str, "size": int},
        message={"order": "{why}", "document": "{file} has {size:,} characters, AWS allows 6,144"},
    )
    NOTHING_TO_DO = Row(
        "nothing_to_do",
        "nothing to do",
        parameters={"case": str},
        message={
            "in-place": "its policies are the replacement already",
            "no-policy": "the replacement holds no policy: nothing that was used is granted; look at the role by hand",
        },
    )
    NOT_PROVEN = Row("not_proven", "not proven", parameters={"why": str}, message="{why}")
    NOT_REPRODUCED = Row(
        "not_reproduced",
        "not what the data folder gives",
        parameters={"what": str},
        message="generated again from the data folder with these options, it gives {what}: generate the output again",
    )
    CALLER = Row(
        "caller",
        "lpgen's own way in",
        message="lpgen calls as this principal, or assumed its way through it: changing it could lock itself out",
    )
    OTHER_ACCOUNT = Row(
        "other_account", "in another account", parameters={"why": str}, message="{why}", step="--assume-role NAME"
    )
    CHANGED = Row(
        "changed",
        "changed since",
        parameters={"case": str, "kind": str, "why": str},
        message={
            "applied": "it was rolled out, and has changed since: {why}",
            "gone": "there is no {kind} of this name any more",
            "policies": "its policies have changed since the plan was made: take a new snapshot, generate and plan"
            " again",
            "plan": "the plan was edited: the policies before aren't those that its fingerprint is of",
        },
    )
    NAME_TAKEN = Row(
        "name_taken",
        "a name is taken",
        parameters={"case": str, "policy": str},
        message={
            "own": "it has a policy {policy} already, which isn't what lpgen made under this name",
            "account": "a policy {policy} is there already: delete it if nobody needs it",
        },
    )
    QUOTA = Row(
        "quota",
        "beyond a quota",
        parameters={"needed": int, "what": str, "allowed": int, "advice": str},
        message="it takes {needed:,} {what}, and the account's quota is {allowed:,}{advice}",
    )
    LOCKED = Row("locked", "locked by another run", parameters={"why": str}, message="{why}")
    JOURNAL = Row(
        "journal",
        "begun and not ended",
        message="a run that was begun on it was interrupted, and it can't be finished: run `lpgen rollout undo` first",
    )
