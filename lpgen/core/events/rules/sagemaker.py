"""SageMaker: what a creation names, sagemaker:AddTags where it sets tags, and the role it hands over.

Operations on what exists already are left to the tables.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules
from lpgen.core.events.rules.listed import ReaderType

SOURCE = "sagemaker.amazonaws.com"

# Resource type and the parameter that names it, where the call's own resource has the name the caller gave.
_NAMED = {
    "action": "actionName",
    "algorithm": "algorithmName",
    "app-image-config": "appImageConfigName",
    "automl-job": "autoMLJobName",
    "code-repository": "codeRepositoryName",
    "compilation-job": "compilationJobName",
    "context": "contextName",
    "data-quality-job-definition": "jobDefinitionName",
    "device-fleet": "deviceFleetName",
    "edge-deployment": "edgeDeploymentPlanName",
    "edge-packaging-job": "edgePackagingJobName",
    "endpoint": "endpointName",
    "endpoint-config": "endpointConfigName",
    "experiment": "experimentName",
    "experiment-trial": "trialName",
    "experiment-trial-component": "trialComponentName",
    "feature-group": "featureGroupName",
    "flow-definition": "flowDefinitionName",
    "hub": "hubName",
    "human-task-ui": "humanTaskUiName",
    "hyper-parameter-tuning-job": "hyperParameterTuningJobName",
    "image": "imageName",
    "inference-component": "inferenceComponentName",
    "inference-experiment": "name",
    "inference-recommendations-job": "jobName",
    "labeling-job": "labelingJobName",
    "mlflow-tracking-server": "trackingServerName",
    "model": "modelName",
    "model-bias-job-definition": "jobDefinitionName",
    "model-card": "modelCardName",
    "model-explainability-job-definition": "jobDefinitionName",
    "model-package": "modelPackageName",
    "model-package-group": "modelPackageGroupName",
    "model-quality-job-definition": "jobDefinitionName",
    "monitoring-schedule": "monitoringScheduleName",
    "notebook-instance": "notebookInstanceName",
    "notebook-instance-lifecycle-config": "notebookInstanceLifecycleConfigName",
    "optimization-job": "optimizationJobName",
    "pipeline": "pipelineName",
    "processing-job": "processingJobName",
    "project": "projectName",
    "studio-lifecycle-config": "studioLifecycleConfigName",
    "training-job": "trainingJobName",
    "training-plan": "trainingPlanName",
    "transform-job": "transformJobName",
    "workforce": "workforceName",
    "workteam": "workteamName",
}

TYPES: dict[str, ResourceType] = {
    **{kind: NamedType("sagemaker", f"{kind}/{{}}", path) for kind, path in _NAMED.items()},
    "app": NamedType(
        "sagemaker", "app/{}/{}/{}/{}", "domainId,userProfileName,appType,appName|domainId,spaceName,appType,appName"
    ),
    # The catalog doesn't list workforces and inference experiments among what sagemaker:AddTags takes.
    "any": ReaderType(lambda _call: ()),
    "artifact": NamedType("sagemaker", "artifact/*", "artifactArn"),
    # The ARNs of these end in ids, and requests give names.
    "cluster": NamedType("sagemaker", "cluster/*", "clusterName"),
    "mlflow-app": NamedType("sagemaker", "mlflow-app/*", "arn"),
    "partner-app": NamedType("sagemaker", "partner-app/*", "arn"),
    "domain": NamedType("sagemaker", "domain/*", "domainArn"),
    "space": NamedType("sagemaker", "space/{}/{}", "domainId,spaceName"),
    "user-profile": NamedType("sagemaker", "user-profile/{}/{}", "domainId,userProfileName"),
}

_ROLE = "@roleArn=sagemaker.amazonaws.com"

_LINES = f"""
CreateAction                         action #AddTags
CreateAlgorithm                      algorithm #AddTags
CreateApp                            app #AddTags
CreateAppImageConfig                 app-image-config #AddTags
CreateArtifact                       +artifact #AddTags
CreateAutoMLJob                      automl-job #AddTags {_ROLE}
CreateAutoMLJobV2                    automl-job #AddTags {_ROLE}
CreateCluster                        +cluster #AddTags @instanceGroups.executionRole=sagemaker.amazonaws.com
CreateCodeRepository                 code-repository #AddTags
CreateCompilationJob                 compilation-job #AddTags {_ROLE}
CreateContext                        context #AddTags
CreateDataQualityJobDefinition       data-quality-job-definition #AddTags {_ROLE}
CreateDeviceFleet                    device-fleet #AddTags {_ROLE}
CreateDomain                         +domain #AddTags @defaultUserSettings.executionRole=sagemaker.amazonaws.com
CreateEdgeDeploymentPlan             edge-deployment #AddTags
CreateEdgePackagingJob               edge-packaging-job #AddTags {_ROLE}
CreateEndpoint                       endpoint endpoint-config #AddTags
CreateEndpointConfig                 endpoint-config #AddTags @executionRoleArn=sagemaker.amazonaws.com
CreateExperiment                     experiment #AddTags
CreateFeatureGroup                   feature-group #AddTags {_ROLE}
CreateFlowDefinition                 flow-definition #AddTags {_ROLE}
CreateHub                            hub #AddTags
CreateHumanTaskUi                    human-task-ui #AddTags
CreateHyperParameterTuningJob        hyper-parameter-tuning-job #AddTags @trainingJobDefinition.roleArn=sagemaker.amazonaws.com
CreateImage                          image #AddTags {_ROLE}
CreateInferenceComponent             inference-component endpoint #AddTags
CreateInferenceExperiment            inference-experiment #AddTags:any {_ROLE}
CreateInferenceRecommendationsJob    inference-recommendations-job #AddTags {_ROLE}
CreateLabelingJob                    labeling-job #AddTags {_ROLE}
CreateMlflowTrackingServer           mlflow-tracking-server #AddTags {_ROLE}
CreateModel                          model #AddTags @executionRoleArn=sagemaker.amazonaws.com
CreateModelBiasJobDefinition         model-bias-job-definition #AddTags {_ROLE}
CreateModelCard                      model-card #AddTags
CreateModelExplainabilityJobDefinition model-explainability-job-definition #AddTags {_ROLE}
CreateModelPackageGroup              model-package-group #AddTags
CreateModelQualityJobDefinition      model-quality-job-definition #AddTags {_ROLE}
CreateMonitoringSchedule             monitoring-schedule #AddTags @monitoringScheduleConfig.monitoringJobDefinition.roleArn=sagemaker.amazonaws.com
CreateNotebookInstance               notebook-instance #AddTags {_ROLE}
CreateNotebookInstanceLifecycleConfig notebook-instance-lifecycle-config #AddTags
CreateOptimizationJob                optimization-job #AddTags {_ROLE}
CreatePipeline                       pipeline #AddTags {_ROLE}
CreateProcessingJob                  processing-job #AddTags {_ROLE}
CreateProject                        project #AddTags
CreateSpace                          space #AddTags
CreateStudioLifecycleConfig          studio-lifecycle-config #AddTags
CreateTrainingJob                    training-job #AddTags {_ROLE}
CreateTrainingPlan                   training-plan #AddTags
CreateTransformJob                   transform-job #AddTags
CreateTrial                          experiment-trial experiment #AddTags
CreateTrialComponent                 experiment-trial-component #AddTags
CreateUserProfile                    user-profile #AddTags @userSettings.executionRole=sagemaker.amazonaws.com
CreateWorkforce                      workforce #AddTags:any
CreateWorkteam                       workteam #AddTags
CreateMlflowApp                      +mlflow-app #AddTags {_ROLE}
CreatePartnerApp                     +partner-app #AddTags @executionRoleArn=sagemaker.amazonaws.com
UpdateCluster                        cluster @instanceGroups.executionRole=sagemaker.amazonaws.com
"""  # noqa: E501

_CLUSTER_OPERATIONS = """
BatchAddClusterNodes BatchDeleteClusterNodes BatchRebootClusterNodes BatchReplaceClusterNodes DeleteCluster
DescribeCluster DescribeClusterEvent DescribeClusterNode ListClusterEvents ListClusterNodes UpdateClusterSoftware
"""


def _lines() -> str:
    return _LINES + "\n".join(f"{operation} cluster" for operation in _CLUSTER_OPERATIONS.split())


RULES: RuleTable = declared_rules(SOURCE, "sagemaker", TYPES, _lines())
