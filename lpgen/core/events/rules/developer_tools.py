"""CodeBuild, CodeCommit, CodeDeploy and CodePipeline: what they name, tags on create and the roles passed.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html and the pages of the others
"""

from __future__ import annotations

from dataclasses import dataclass

from lpgen.core.arns import split_arn
from lpgen.core.events.rules.call import Call, Rule, RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules, mapped, resource_from_arn
from lpgen.core.events.rules.inferences import REQUEST_OPTION
from lpgen.core.events.rules.listed import exact, is_arn_of, listed_arns
from lpgen.core.events.rules.passing import passed_roles
from lpgen.core.model import MappedAction, Resource


@dataclass(frozen=True, slots=True)
class _BuiltProjectType:
    """The project of a build, whose id begins with the project's name.

    https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuilds.html
    """

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The projects of the builds whose ids or ARNs stand at the paths."""
        return tuple(
            resource_from_arn(call.arn("codebuild", f"project/{name}"))
            for path in (paths or "id|ids").split("|")
            for text in call.texts(path)
            if (name := text.rpartition("/")[2].partition(":")[0]) and "*" not in name and "?" not in name
        )

    def pattern(self, call: Call) -> Resource:
        """The pattern of all projects of the account and Region."""
        return resource_from_arn(call.arn("codebuild", "project/*"))


_BUILD_TYPES: dict[str, ResourceType] = {
    "project": NamedType("codebuild", "project/{}", "name|projectName|names"),
    "built": _BuiltProjectType(),
}

_BUILD_LINES = """
BatchDeleteBuilds         built
BatchGetBuildBatches      built
BatchGetBuilds            built
DeleteBuildBatch          built
RetryBuild                built
RetryBuildBatch           built
StopBuild                 built
StopBuildBatch            built
"""


@dataclass(frozen=True, slots=True)
class _RepositoryType:
    """A repository by name; Git over HTTPS and SSH is recorded with its name beside the request.

    https://docs.aws.amazon.com/codecommit/latest/userguide/integ-cloudtrail.html
    """

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The repositories that the request names, else the one beside it, else those in `resources[]`."""
        listed = (paths or "repositoryName|repositoryNames|targets.repositoryName|oldName").split("|")
        names = [name for path in listed for name in call.texts(*path.split("."))]
        beside = call.record.additionalEventData
        if not names and isinstance(beside, dict):
            names = [name for name in (beside.get("repositoryName"),) if isinstance(name, str) and name]
        if not names:
            return tuple(map(exact, listed_arns(call, "codecommit")))
        return tuple(
            resource_from_arn(call.arn("codecommit", name)) for name in names if "*" not in name and "?" not in name
        )

    def pattern(self, call: Call) -> Resource:
        """The pattern of all repositories of the account and Region."""
        return resource_from_arn(call.arn("codecommit", "*"))


_COMMIT_TYPES: dict[str, ResourceType] = {"repository": _RepositoryType()}

_COMMIT_OPERATIONS = """
AssociateApprovalRuleTemplateWithRepository BatchAssociateApprovalRuleTemplateWithRepositories
BatchDescribeMergeConflicts BatchDisassociateApprovalRuleTemplateFromRepositories BatchGetCommits
BatchGetRepositories CreateBranch CreateCommit CreatePullRequest CreateUnreferencedMergeCommit DeleteBranch
DeleteFile DeleteRepository DescribeMergeConflicts DisassociateApprovalRuleTemplateFromRepository GetBlob GetBranch
GetCommentsForComparedCommit GetCommentsForPullRequest GetCommit GetDifferences GetFile GetFolder GetMergeCommit
GetMergeConflicts GetMergeOptions GetRepository GetRepositoryTriggers GitPull GitPush
ListAssociatedApprovalRuleTemplatesForRepository ListBranches ListFileCommitHistory ListPullRequests
MergeBranchesByFastForward MergeBranchesBySquash MergeBranchesByThreeWay MergePullRequestByFastForward
MergePullRequestBySquash MergePullRequestByThreeWay PostCommentForComparedCommit PostCommentForPullRequest PutFile
PutRepositoryTriggers TestRepositoryTriggers UpdateDefaultBranch UpdateRepositoryDescription
UpdateRepositoryEncryptionKey UpdateRepositoryName
"""

_DEPLOY_TYPES: dict[str, ResourceType] = {
    "application": NamedType("codedeploy", "application:{}", "applicationName|applicationNames"),
    "group": NamedType(
        "codedeploy",
        "deploymentgroup:{}/{}",
        "applicationName,deploymentGroupName|applicationName,currentDeploymentGroupName"
        "|applicationName,deploymentGroupNames",
    ),
    "instance": NamedType("codedeploy", "instance:{}", "instanceName|instanceNames"),
}

_DEPLOY_LINES = """
CreateDeploymentGroup          group #TagResource @serviceRoleArn=codedeploy.amazonaws.com
"""

_PIPELINE_TYPES: dict[str, ResourceType] = {
    "pipeline": NamedType("codepipeline", "{}", "pipelineName|name"),
    "action": NamedType("codepipeline", "{}/{}/{}", "pipelineName,stageName,actionName"),
    "webhook": NamedType("codepipeline", "webhook:{}", "webhookName|name|webhook.name"),
    "actiontype": NamedType("codepipeline", "actiontype:Custom/{}/{}/{}", "category,provider,version"),
}

_PIPELINE_LINES = """
CreateCustomActionType      actiontype #TagResource
CreatePipeline              pipeline=pipeline.name #TagResource @pipeline.roleArn=codepipeline.amazonaws.com
DeleteCustomActionType      actiontype
PutWebhook                  webhook #TagResource pipeline=webhook.targetPipeline
UpdatePipeline              pipeline=pipeline.name @pipeline.roleArn=codepipeline.amazonaws.com
"""


def _commit_lines() -> str:
    plain = "\n".join(f"{operation} repository" for operation in _COMMIT_OPERATIONS.split())
    return f"{plain}\nCreateRepository repository #TagResource"


@dataclass(frozen=True, slots=True)
class _PipelineRule:
    """A pipeline that is written: the role of a CloudFormation action and a connection to a repository are passed too.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_codepipeline.html and
    https://docs.aws.amazon.com/dtconsole/latest/userguide/security-iam.html
    """

    rule: Rule

    def __call__(self, call: Call) -> tuple[MappedAction, ...]:
        settings = ("pipeline", "stages", "actions", "configuration")
        connections: dict[str, list[Resource]] = {}
        for arn in call.texts(*settings, "ConnectionArn"):
            if is_arn_of(arn, *_CONNECTION_SERVICES):
                connections.setdefault(split_arn(arn).service, []).append(exact(arn))
        passed = (
            mapped(f"{service}:PassConnection", arns, how=REQUEST_OPTION) for service, arns in connections.items()
        )
        roles = passed_roles(call, call.texts(*settings, "RoleArn"), "cloudformation.amazonaws.com")
        return (*(self.rule(call) or ()), *passed, *roles)


_CONNECTION_SERVICES = ("codeconnections", "codestar-connections")


def _pipeline_rules() -> RuleTable:
    source = "codepipeline.amazonaws.com"
    rules = declared_rules(source, "codepipeline", _PIPELINE_TYPES, _PIPELINE_LINES)
    written = {(source, name): _PipelineRule(rules[source, name]) for name in ("CreatePipeline", "UpdatePipeline")}
    return {**rules, **written}


RULES: RuleTable = {
    **declared_rules("codebuild.amazonaws.com", "codebuild", _BUILD_TYPES, _BUILD_LINES),
    **declared_rules("codecommit.amazonaws.com", "codecommit", _COMMIT_TYPES, _commit_lines()),
    **declared_rules("codedeploy.amazonaws.com", "codedeploy", _DEPLOY_TYPES, _DEPLOY_LINES),
    **_pipeline_rules(),
}
