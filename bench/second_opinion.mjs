// Decides the requests of a file with @cloud-copilot/iam-simulate: a JSON object a line in, a decision a line out.
// The form of the lines is that of `lpgen authorize`. See bench/second_opinion.py, which runs this.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [, , packages, requests] = process.argv;
const load = (path) => import(pathToFileURL(`${packages}/@cloud-copilot/${path}`));
// The exported `runUnsafeSimulation` takes neither session policies nor names for resource policies, which it needs.
const core = "iam-simulate/dist/esm";
const { authorize } = await load(`${core}/core_engine/CoreSimulatorEngine.js`);
const { AwsRequestImpl } = await load(`${core}/request/request.js`);
const { RequestContextImpl } = await load(`${core}/requestContext.js`);
const { DiscoveryContextKeyConstraints } = await load(`${core}/context_keys/discoveryContextKeyConstraints.js`);
const { loadPolicy } = await load("iam-policy/dist/esm/index.js");

const policy = (document) => loadPolicy(document, { name: "policy" });
const level = (documents) => ({ orgIdentifier: "level", policies: documents.map(policy) });

function decide(line) {
  const resource = { resource: line.resource, accountId: line.resourceAccount };
  const analysis = authorize({
    request: new AwsRequestImpl(line.principal, resource, line.action, new RequestContextImpl(line.context)),
    identityPolicies: line.identityPolicies.map(policy),
    permissionBoundaries: line.permissionBoundaryPolicies?.map(policy),
    serviceControlPolicies: (line.scps ?? []).map(level),
    resourceControlPolicies: [],
    resourcePolicy: line.resourcePolicy && policy(line.resourcePolicy),
    sessionPolicy: line.sessionPolicy && policy(line.sessionPolicy),
    vpcEndpointPolicies: undefined,
    simulationParameters: {
      simulationMode: "Strict",
      discoveryContextKeyConstraints: new DiscoveryContextKeyConstraints([]),
    },
    serviceSettings: {},
  });
  return analysis.result;
}

for await (const line of createInterface({ input: createReadStream(requests) })) {
  console.log(decide(JSON.parse(line)));
}
