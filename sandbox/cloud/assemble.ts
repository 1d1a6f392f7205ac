// Puts the cloud together: real machines, registry, load balancer and collector; the models of AWS over them; the
// functions; one endpoint in front. Runs inside the sandbox's root, in its network.
import { join } from "node:path";
import { loadCatalogue } from "../aws/catalogue.ts";
import type { Handle } from "../aws/handle.ts";
import { s3Model } from "../aws/s3.ts";
import { stsModel } from "../aws/sts.ts";
import { realClock } from "../clock.ts";
import { type Collector, startCollector } from "../collector/collector.ts";
import { eventsModel } from "../events/events-model.ts";
import { type Access, createAccess } from "../iam/access.ts";
import { factsOf } from "../iam/facts.ts";
import { recorder } from "../iam/uses.ts";
import { HaproxyProxy } from "../load-balancer/haproxy.ts";
import { RealMachines } from "../machines/machines.ts";
import { AutoScaling } from "../models/auto-scaling/auto-scaling.ts";
import { ClassicLoadBalancing } from "../models/load-balancing/classic-load-balancing.ts";
import { SystemsManager } from "../models/systems-manager/systems-manager.ts";
import type { Template } from "../template/types.ts";
import { everyEventLost } from "../unpleasant/events.ts";
import { Throttling } from "../unpleasant/throttling.ts";
import { Unpleasant } from "../unpleasant/unpleasant.ts";
import { recordAnswers } from "./answers.ts";
import { addresses, type CloudConfiguration, files, names } from "./configuration.ts";
import { readDeployment } from "./deployment.ts";
import { type Ecr, startEcr } from "./ecr.ts";
import { createSandboxHandle, listen } from "./endpoint.ts";
import { groupConfigs, loadBalancerConfig, onlyLoadBalancer, roleNameOf } from "./groups.ts";
import { type LambdaParts, startLambda } from "./lambda.ts";
import { shipperOf } from "./shipper.ts";
import type { Timeline } from "./timeline.ts";

export interface Cloud {
  configuration: CloudConfiguration;
  timeline: Timeline;
  machines: RealMachines;
  autoScaling: AutoScaling;
  loadBalancing: ClassicLoadBalancing;
  systemsManager: SystemsManager;
  ecr: Ecr;
  collector: Collector;
  lambda: LambdaParts;
  /** What was provisioned. */
  template: Template;
  unpleasant: Unpleasant;
  /** IAM, and what was used of it. */
  access: Access;
  /** Any AWS call, from within. */
  handle: Handle;
}

export const assemble = async (configuration: CloudConfiguration, timeline: Timeline): Promise<Cloud> => {
  const { stateDirectory, projectDirectory, engine } = configuration;
  const clock = realClock;
  const report = (text: string, error: unknown) =>
    timeline.add({ kind: "trouble", text: `${text}: ${error}` });
  const account = { id: names.account, region: names.region };
  const { template, registryTemplate } = readDeployment(configuration);
  const balancer = onlyLoadBalancer(template);
  const lambda = startLambda(template, registryTemplate, configuration, clock, timeline);
  const machines = await RealMachines.open({
    stateDirectory,
    projectDirectory,
    ...shipperOf(projectDirectory),
    account: names.account,
    roleNameOf: (group) => roleNameOf(template, group),
    ...(engine === undefined ? {} : { engine }),
    log: (text) => timeline.add({ kind: "trouble", text }),
  });
  const [catalogue, ecr, proxy, collector] = await Promise.all([
    loadCatalogue(),
    startEcr({
      stateDirectory,
      clock,
      publish: lambda.registryBus.publish,
      // Nobody pulls before it stands, further down.
      iam: () => access,
      report,
    }),
    HaproxyProxy.start({
      stateDirectory,
      addressOf: (instanceId) => machines.address(instanceId),
      listen: `${addresses.gateway}:${balancer.port}`,
      listenSocket: join(stateDirectory, files.loadBalancer),
      instancePort: balancer.instancePort,
      healthPath: balancer.health.path,
      checkIntervalMilliseconds: balancer.health.everyMilliseconds,
      checkTimeoutSeconds: balancer.health.timeoutSeconds,
      healthyThreshold: balancer.health.healthyThreshold,
      unhealthyThreshold: balancer.health.unhealthyThreshold,
      idleTimeoutSeconds: balancer.idleTimeoutSeconds,
    }),
    startCollector({
      host: addresses.gateway,
      port: addresses.collectorPort,
      file: join(stateDirectory, files.collected),
    }),
  ]);
  const { publish } = lambda.bus;
  const loadBalancing = new ClassicLoadBalancing({
    clock,
    proxy,
    machines,
    loadBalancers: [loadBalancerConfig(balancer)],
    report,
  });
  const autoScaling = new AutoScaling({
    clock,
    machines,
    publish,
    account,
    groups: groupConfigs(template),
    loadBalancers: loadBalancing.allAttached(),
    timings: { healthCheckMs: configuration.healthCheckMilliseconds },
    report,
  });
  const systemsManager = new SystemsManager({
    clock,
    account,
    machines,
    publish,
    documents: template.documents.map(({ name, content }) => ({
      name,
      shortName: name.replace(`${template.stackName}-`, ""),
      content,
    })),
    instances: () => machines.instances().map(({ instanceId }) => instanceId),
    byTag: (key, values) => autoScaling.instancesByTag(key, values),
    report,
  });
  const models = [
    autoScaling,
    loadBalancing,
    systemsManager,
    ecr.model,
    lambda.model,
    eventsModel(lambda.bus, lambda.registryBus),
    lambda.queues.model,
    s3Model({ directory: join(stateDirectory, "s3") }),
    stsModel(names.account),
  ];
  const throttling = new Throttling();
  const unpleasant = new Unpleasant({
    throttling,
    autoScaling,
    systemsManager,
    disturbEvents: (deliveries) => lambda.bus.disturb(deliveries),
    refusals: lambda.refusals,
  });
  if (configuration.dropEvents) unpleasant.set({ events: everyEventLost });
  const access = createAccess({
    template,
    account,
    facts: factsOf(autoScaling),
    recorder: recorder(),
  });
  access.checkDeployment();
  const interceptors = [throttling.intercept, access.interceptor, ...recordAnswers(configuration)];
  const parts = { stateDirectory, models, catalogue, clock, timeline, interceptors };
  const handle = createSandboxHandle(parts);
  await listen(handle, { ...parts, identifyFunction: lambda.identify });
  autoScaling.start();
  lambda.bus.runSchedules();
  return {
    configuration,
    timeline,
    machines,
    autoScaling,
    loadBalancing,
    systemsManager,
    ecr,
    collector,
    lambda,
    template,
    unpleasant,
    access,
    handle,
  };
};
