"""CodeBuild, CodePipeline and Fault Injection Service."""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, texts_at
from lpgen.core.cloudtrail.rules.inferences import REQUEST_OPTION
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.cloudtrail.rules.resources import exact, is_arn_of, mapped, resource_from_arn
from lpgen.core.cloudtrail.rules.types import ReaderTable, ReaderType
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import MappedAction, Resource

# ---------------------------------------------------------------- CodeBuild and CodePipeline

# Projects by the ids of builds, and the roles and connections that CodePipeline passes.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html and the pages of the others


def _read_built(call: Call) -> Iterator[Resource]:
    """The projects of builds, whose ids begin with the project's name.

    https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuilds.html
    """
    for text in (*call.texts("id"), *call.texts("ids")):
        name = text.rpartition("/")[2].partition(":")[0]
        if name and not has_wildcard(name):
            yield resource_from_arn(call.arn("codebuild", f"project/{name}"))


def _complete_pipeline(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """Creating or updating a pipeline also passes the role of a CloudFormation action and a connection to a repository.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_codepipeline.html and
    https://docs.aws.amazon.com/dtconsole/latest/userguide/security-iam.html
    """
    settings = ("pipeline", "stages", "actions", "configuration")
    connections: dict[str, list[Resource]] = {}
    for arn in call.texts(*settings, "ConnectionArn"):
        if is_arn_of(arn, "codeconnections", "codestar-connections"):
            connections.setdefault(split_arn(arn).service, []).append(exact(arn))
    passed = (mapped(f"{service}:PassConnection", arns, how=REQUEST_OPTION) for service, arns in connections.items())
    roles = passed_roles(call, call.texts(*settings, "RoleArn"), "cloudformation.amazonaws.com")
    return (*actions, *passed, *roles)


# ---------------------------------------------------------------- Fault Injection Service

# An experiment template is authorized on itself and on each action in it.
# https://docs.aws.amazon.com/fis/latest/userguide/security_iam_id-based-policy-examples.html


def _planned_actions(call: Call) -> Iterator[Resource]:
    """The actions in the request, by name: `{"actions": {"stop": {"actionId": …}}}`."""
    actions = call.request.get("actions")
    for action in actions.values() if isinstance(actions, dict) else ():
        for name in texts_at(action, ("actionId",)):
            yield exact(call.arn("fis", f"action/{name}"))


COMPLETIONS: CompletionTable = {
    ("codepipeline.amazonaws.com", "CreatePipeline"): _complete_pipeline,
    ("codepipeline.amazonaws.com", "UpdatePipeline"): _complete_pipeline,
}

READERS: ReaderTable = {
    "codebuild.amazonaws.com": {"built": ReaderType(_read_built, "codebuild", "project/*")},
    "fis.amazonaws.com": {"action": ReaderType(_planned_actions)},
}
