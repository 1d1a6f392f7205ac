// The rules of scripts/policy/ over the packaged template: it keeps them, and one planted error of each class is caught.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEMPLATE_FILE } from "../../sandbox/template/template.ts";
import { parseYamlTemplate } from "../../sandbox/template/yaml.ts";
import { policyProblems } from "../../scripts/policy/rules.ts";
import type { JsonObject, Template } from "../../scripts/policy/template.ts";

const packaged = readFileSync(`.serverless/${TEMPLATE_FILE}`, "utf8");
// biome-ignore lint/suspicious/noExplicitAny: errors are planted at any depth
type Planted = any;

/** What the rules say of the packaged template once an error was planted in it. */
const planted = (plant: (resources: Planted, template: Planted) => void): string[] => {
  const template = JSON.parse(packaged) as Template;
  plant(template.Resources, template);
  return policyProblems(template);
};
const allow = (statement: JsonObject) => ({ Statement: [{ Effect: "Allow", Resource: "*", ...statement }] });

it("the packaged template keeps every rule, and so do those that are deployed as they stand", () => {
  expect(planted(() => undefined)).toEqual([]);
  for (const file of ["cluster/registry.yml", "cluster/registry-events.yml"])
    expect(policyProblems(parseYamlTemplate(readFileSync(file, "utf8")) as Template)).toEqual([]);
});

const errors: [what: string, plant: (resources: Planted, template: Planted) => void, problem: string][] = [
  [
    "a disk that is not encrypted",
    (r) => {
      r.WorkerTemplate.Properties.LaunchTemplateData.BlockDeviceMappings[0].Ebs.Encrypted = false;
    },
    "encryption: WorkerTemplate: a disk is not encrypted; set Encrypted: true on each of BlockDeviceMappings",
  ],
  [
    "a disk that the image decides on",
    (r) => {
      delete r.ManagerTemplate.Properties.LaunchTemplateData.BlockDeviceMappings;
    },
    "encryption: ManagerTemplate: names no disk, so the image decides whether it is encrypted; name it",
  ],
  [
    "a bucket that is not encrypted",
    (r) => {
      delete r.BackupStore.Properties.BucketEncryption;
    },
    "encryption: BackupStore: the bucket is not encrypted; give it BucketEncryption",
  ],
  [
    "a queue that is not encrypted",
    (r) => {
      delete r.DeadLetters.Properties.SqsManagedSseEnabled;
    },
    "encryption: DeadLetters: the queue is not encrypted; set SqsManagedSseEnabled",
  ],
  [
    "a topic that no deployment can encrypt",
    (r) => {
      delete r.Alarms.Properties.KmsMasterKeyId;
    },
    "encryption: Alarms: the topic cannot be encrypted; give it KmsMasterKeyId, at least where a deployment asks for it",
  ],
  [
    "a key that is never rotated",
    (r) => {
      r.AlarmsEncryptionKey.Properties.EnableKeyRotation = false;
    },
    "encryption: AlarmsEncryptionKey: the key is never rotated; set EnableKeyRotation: true",
  ],
  [
    "managers that are open to the world",
    (r) => {
      const [rule] = r.ManagersSecurityGroup.Properties.SecurityGroupIngress;
      delete rule.SourceSecurityGroupId;
      rule.CidrIp = "0.0.0.0/0";
    },
    "ingress: ManagersSecurityGroup: lets the world in at port 2377; only WebFromWorld may, at port 80: name a security group or a prefix list",
  ],
  [
    "the visualizer open to half of the world",
    (r) => {
      delete r.VisualizerFromList.Properties.SourcePrefixListId;
      r.VisualizerFromList.Properties.CidrIp = "128.0.0.0/1";
    },
    "ingress: VisualizerFromList: lets the world in at port 5000; only WebFromWorld may, at port 80: name a security group or a prefix list",
  ],
  [
    "the world at another port of the load balancer",
    (r) => {
      Object.assign(r.WebFromWorld.Properties, { FromPort: 22, ToPort: 22 });
    },
    "ingress: WebFromWorld: lets the world in at port 22; only WebFromWorld may, at port 80: name a security group or a prefix list",
  ],
  [
    "the world by IPv6",
    (r) => {
      r.NodesOverlay.Properties.CidrIpv6 = "::/0";
    },
    "ingress: NodesOverlay: lets the world in at port 4789; only WebFromWorld may, at port 80: name a security group or a prefix list",
  ],
  [
    "a range of ports",
    (r) => {
      r.NodesGossipTcp.Properties.FromPort = 1024;
    },
    "ingress: NodesGossipTcp: lets in the ports 1024-7946; name each port that is needed",
  ],
  [
    "every port",
    (r) => {
      r.NodesGossipUdp.Properties.IpProtocol = "-1";
    },
    "ingress: NodesGossipUdp: lets in every port; name protocol, FromPort and ToPort",
  ],
  [
    "a role that may everything",
    (r) => {
      r.DispatchRole.Properties.Policies[0].PolicyDocument = allow({ Action: "*" });
    },
    "permissions: DispatchRole: allows *; name the actions that are needed",
  ],
  [
    "a policy that may everything of a service",
    (r) => {
      r.ShipperPolicy.Properties.PolicyDocument = allow({ Action: ["ssm:*"] });
    },
    "permissions: ShipperPolicy: allows ssm:*; name the actions that are needed",
  ],
  [
    "a role that may all but one thing",
    (r) => {
      r.PlanRole.Properties.Policies[0].PolicyDocument = allow({ NotAction: "iam:CreateUser" });
    },
    "permissions: PlanRole: allows all but what it names; name what is needed",
  ],
  [
    "a policy of AWS's own",
    (r) => {
      r.WorkerInstanceRole.Properties.ManagedPolicyArns = ["arn:aws:iam::aws:policy/AdministratorAccess"];
    },
    'permissions: WorkerInstanceRole: has the policy "arn:aws:iam::aws:policy/AdministratorAccess", which allows more than is needed and changes without us; write its statements out',
  ],
  [
    "a topic for everybody",
    (r) => {
      r.AlarmsPolicy.Properties.PolicyDocument = allow({ Principal: "*", Action: "sns:Publish" });
    },
    "permissions: AlarmsPolicy: allows everybody; name the principal",
  ],
  [
    "a key that is everybody's",
    (r) => {
      r.AlarmsEncryptionKey.Properties.KeyPolicy.Statement[0].Principal = { AWS: "*" };
    },
    "permissions: AlarmsEncryptionKey: allows kms:*; name the actions that are needed",
  ],
  [
    "metadata without a token",
    (r) => {
      r.WorkerTemplate.Properties.LaunchTemplateData.MetadataOptions.HttpTokens = "optional";
    },
    "metadata: WorkerTemplate: answers metadata without a session token (IMDSv1); set HttpTokens: required",
  ],
  [
    "metadata for containers",
    (r) => {
      r.ManagerTemplate.Properties.LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit = 2;
    },
    "metadata: ManagerTemplate: gives containers the machine's role; set HttpPutResponseHopLimit: 1",
  ],
  [
    "a machine beside the launch templates",
    (r) => {
      r.Bastion = { Type: "AWS::EC2::Instance", Properties: {} };
    },
    "metadata: Bastion: takes its settings from no launch template; make one, so that these rules hold for it",
  ],
  [
    "workers that the load balancer ends",
    (r) => {
      r.WorkerGroup.Properties.HealthCheckType = "ELB";
    },
    "groups: WorkerGroup: a load balancer's opinion would end its machines; set HealthCheckType: EC2",
  ],
  [
    "machines that end with their logs",
    (r) => {
      delete r.WorkerGroup.Properties.InstanceLifecyclePolicy;
    },
    "groups: WorkerGroup: an abandoned terminate hook ends the machine and its logs; set InstanceLifecyclePolicy.RetentionTriggers.TerminateHookAbandon: retain",
  ],
  [
    "a group without a launch hook",
    (r) => {
      r.ManagerGroup.Properties.LifecycleHookSpecificationList.shift();
    },
    "groups: ManagerGroup: has no hook for LAUNCHING in itself, and its first machines would have none; add it to LifecycleHookSpecificationList",
  ],
  [
    "a hook that lets pass what nobody answered for",
    (r) => {
      r.WorkerTerminateHook.Properties.DefaultResult = "CONTINUE";
    },
    'groups: WorkerTerminateHook: the hook "retire" lets a machine pass that nobody answered for; set DefaultResult: ABANDON',
  ],
  [
    "a hook with AWS's own heartbeat",
    (r) => {
      delete r.ManagerLaunchHook.Properties.HeartbeatTimeout;
    },
    'groups: ManagerLaunchHook: the hook "join" leaves its heartbeat to AWS, or has one out of range; set HeartbeatTimeout, 30 to 7200',
  ],
  [
    "logs for ever",
    (r) => {
      delete r.RepairLogGroup.Properties.RetentionInDays;
    },
    "retention: RepairLogGroup: keeps its logs for ever; set RetentionInDays",
  ],
  [
    "backups that go with the stack",
    (r) => {
      delete r.BackupStore.DeletionPolicy;
    },
    "retention: BackupStore: would go with the stack, with all that is in it; set DeletionPolicy and UpdateReplacePolicy: Retain",
  ],
  [
    "a reference to a part that may not be there",
    (r) => {
      r.ManagersSecurityGroup.Properties.VpcId = { Ref: "Vpc" };
    },
    "references: ManagersSecurityGroup: refers to Vpc, which is not there with Network=another, Groups=create; give both the same condition, or choose with Fn::If",
  ],
  [
    "the same behind the wrong choice",
    (r) => {
      r.WorkerGroup.Properties.LoadBalancerNames["Fn::If"][0] = "CreateNetwork";
    },
    "references: WorkerGroup: refers to LoadBalancer, which is not there with Balancer=another, Groups=create, Network=create; give both the same condition, or choose with Fn::If",
  ],
  [
    "an output of what may not be there",
    (_r, template) => {
      delete template.Outputs.LoadBalancerAddress.Condition;
    },
    "references: output LoadBalancerAddress: refers to LoadBalancer, which is not there with Balancer=another; give both the same condition, or choose with Fn::If",
  ],
  [
    "a condition that there is not",
    (r) => {
      r.Vpc.Condition = "Always";
    },
    "references: PublicRoutes: asks for the condition Always, which there is not",
  ],
];

it.each(errors)("%s is caught", (_what, plant, problem) => {
  expect(planted(plant)).toContain(problem);
});

it("a planted error fails the check, with all that is wrong", () => {
  const directory = mkdtempSync(join(tmpdir(), "hive-policy-"));
  const file = join(directory, "template.json");
  const template = JSON.parse(packaged);
  template.Resources.WebFromWorld.Properties.ToPort = 443;
  template.Resources.DeadLetters.Properties.Encrypted = true;
  writeFileSync(file, JSON.stringify(template));
  const { status, stderr } = spawnSync(process.execPath, ["scripts/validate-template.ts", file], {
    encoding: "utf8",
  });
  rmSync(directory, { recursive: true });
  expect(status).toBe(1);
  expect(stderr).toContain("DeadLetters.Encrypted: unknown property");
  expect(stderr).toContain("ingress: WebFromWorld: lets in the ports 80-443");
});
