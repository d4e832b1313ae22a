"""Bedrock: calls that run a model, and the guardrail that they use.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (and related pages) name the action;
https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html says why an inference profile also
needs its models; https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-permissions-invoke.html;
https://docs.aws.amazon.com/bedrock/latest/userguide/rerank-prereq.html.
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import GUARDRAIL, NAMED_MODEL, TAG_ON_CREATE
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.cloudtrail.rules.resources import mapped, resource_from_arn
from lpgen.core.cloudtrail.rules.types import NamedType, ResourceType, read_resources
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

_SOURCE = "bedrock.amazonaws.com"

_PROFILE_AREAS = frozenset({"us", "us-gov", "eu", "apac", "au", "ca", "jp", "sa", "global"})
"""The prefixes of the id of a cross-Region inference profile, before the model's id."""

_TYPES: dict[str, ResourceType] = {
    "guardrail": NamedType("bedrock", "guardrail/{}", "guardrailIdentifier|guardrailConfig.guardrailIdentifier"),
}


def _models(call: Call, parameter: str = "modelId") -> Iterator[Resource]:
    """The models that the request names by id or ARN. For an inference profile, also its models in any Region."""
    for text in call.texts(*parameter.split(".")):
        if has_wildcard(text):
            continue
        area, _, model = text.rpartition("/")[2].partition(".")
        model_arn = f"arn:{call.partition}:bedrock:*::foundation-model/{model}"
        if text.startswith("arn:"):
            yield resource_from_arn(text)
            if ":inference-profile/" in text and area in _PROFILE_AREAS:
                yield resource_from_arn(model_arn)
        elif area in _PROFILE_AREAS:
            yield resource_from_arn(call.arn("bedrock", f"inference-profile/{text}"))
            yield resource_from_arn(model_arn)
        else:
            yield resource_from_arn(call.arn("bedrock", f"foundation-model/{text}", account=False))


_MODEL_CALLS = {
    "Converse": "bedrock:InvokeModel",
    "ConverseStream": "bedrock:InvokeModelWithResponseStream",
    "InvokeModel": "bedrock:InvokeModel",
    "InvokeModelWithBidirectionalStream": "bedrock:InvokeModel",
    "InvokeModelWithResponseStream": "bedrock:InvokeModelWithResponseStream",
    "StartAsyncInvoke": "bedrock:InvokeModel",
}


def _map_model_call(call: Call) -> tuple[MappedAction, ...]:
    """A call that runs a model."""
    run = mapped(_MODEL_CALLS[call.operation], _models(call))
    guardrails = read_resources(call, _TYPES, ("guardrail?",))
    return (run, mapped("bedrock:ApplyGuardrail", guardrails, how=GUARDRAIL)) if guardrails else (run,)


_RERANKING = "rerankingConfiguration.bedrockRerankingConfiguration.modelConfiguration.modelArn"
_ANSWERING = "retrieveAndGenerateConfiguration.knowledgeBaseConfiguration"


def _map_rerank(call: Call) -> tuple[MappedAction, ...]:
    return (mapped("bedrock:Rerank", (NO_RESOURCE,)), *_run_models(call, _RERANKING))


def _map_answer(call: Call) -> tuple[MappedAction, ...]:
    """RetrieveAndGenerate runs the model that writes the answer, and the model that ranks the sources."""
    ranking = f"{_ANSWERING}.retrievalConfiguration.vectorSearchConfiguration.{_RERANKING}"
    ranked = (mapped("bedrock:Rerank", (NO_RESOURCE,), how=NAMED_MODEL),) if call.has(*ranking.split(".")) else ()
    writers = (f"{_ANSWERING}.modelArn", "retrieveAndGenerateConfiguration.externalSourcesConfiguration.modelArn")
    return (mapped("bedrock:RetrieveAndGenerate", (NO_RESOURCE,)), *ranked, *_run_models(call, *writers, ranking))


def _run_models(call: Call, *parameters: str) -> tuple[MappedAction, ...]:
    models = tuple(model for parameter in parameters for model in _models(call, parameter))
    return (mapped("bedrock:InvokeModel", models, how=NAMED_MODEL),) if models else ()


def _map_batch(call: Call) -> tuple[MappedAction, ...]:
    """CreateModelInvocationJob creates a job, with an id in its ARN, that runs a model on many records.

    https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-permissions.html
    """
    job = resource_from_arn(call.arn("bedrock", "model-invocation-job/*"))
    return (
        mapped("bedrock:CreateModelInvocationJob", (job, *_models(call))),
        *passed_roles(call, call.texts("roleArn"), "bedrock.amazonaws.com"),
    )


def _map_throughput(call: Call) -> tuple[MappedAction, ...]:
    return (mapped("bedrock:CreateProvisionedModelThroughput", _models(call)),)


def _map_foundation_model(call: Call) -> tuple[MappedAction, ...]:
    return (mapped("bedrock:GetFoundationModel", _models(call, "modelIdentifier")),)


def _tag_jobs(call: Call, kinds: dict[str, str]) -> Iterator[MappedAction]:
    """bedrock:TagResource on the resources that a job creates, by the parameter that sets their tags.

    https://docs.aws.amazon.com/bedrock/latest/userguide/model-customization-iam-role.html
    """
    tagged = [resource_from_arn(call.arn("bedrock", f"{kind}/*")) for name, kind in kinds.items() if call.has(name)]
    if tagged:
        yield mapped("bedrock:TagResource", tagged, how=TAG_ON_CREATE)


def _map_customization(call: Call) -> tuple[MappedAction, ...]:
    """CreateModelCustomizationJob creates a custom model, with an id in its ARN, from a base model."""
    custom = resource_from_arn(call.arn("bedrock", "custom-model/*"))
    return (
        mapped("bedrock:CreateModelCustomizationJob", (custom, *_models(call, "baseModelIdentifier"))),
        *_tag_jobs(call, {"jobTags": "model-customization-job", "customModelTags": "custom-model"}),
        *passed_roles(call, call.texts("roleArn"), "bedrock.amazonaws.com"),
    )


RULES: RuleTable = {
    (_SOURCE, "Rerank"): _map_rerank,
    (_SOURCE, "RetrieveAndGenerate"): _map_answer,
    (_SOURCE, "GetFoundationModel"): _map_foundation_model,
    (_SOURCE, "CreateModelInvocationJob"): _map_batch,
    (_SOURCE, "CreateProvisionedModelThroughput"): _map_throughput,
    (_SOURCE, "CreateModelCustomizationJob"): _map_customization,
    **{(_SOURCE, operation): _map_model_call for operation in _MODEL_CALLS},
}
