// Permissions that no test uses and that stay, each with its reason, and calls that tests make in a role's name to see them refused.
// `npm test` fails when one of these is used (or not refused) after all, when there is no such permission any more, and when there is
// an unused one that does not stand here (docs/testing.md).
import type { AcceptedLists } from "./unused.ts";

export const accepted: AcceptedLists = {
  unused: [
    {
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      because: "Lambda's own runtime writes the logs; here functions write to files.",
    },
    {
      actions: ["lambda:GetDurableExecutionState"],
      because:
        "Lambda's durable runtime asks for it when a history does not fit into one invocation; here it fits.",
    },
    {
      actions: ["lambda:ListDurableExecutionsByFunction"],
      resource: "*:function:*:*",
      because:
        "Lambda does not say by which of a function's two names it judges a listing; here by the one without a qualifier.",
    },
    {
      actions: [
        "ec2messages:*",
        "ssmmessages:*",
        "ssm:UpdateInstanceInformation",
        "ssm:ListInstanceAssociations",
      ],
      because: "The real SSM agent's calls; the sandbox's agent is a part of the machine.",
    },
    {
      actions: ["ssm:GetParameter"],
      resource: "*ShipperParameter*",
      because:
        "A machine reads filebeat's settings at its first boot (cluster/host/prepare.sh), which is tried with stand-ins for the commands it runs.",
    },
    {
      actions: ["kms:Decrypt"],
      condition: "*ShipperParameter*",
      because: "As above.",
    },
  ],
  refused: [
    {
      role: "WorkerInstanceRole",
      actions: ["ecr:BatchGetImage"],
      resource: "*:repository/other-app",
      because: "A host pulls from no repository that is not ours (test/sandbox/registry.test.ts).",
    },
    {
      role: "WorkerInstanceRole",
      actions: [
        "ecr:BatchCheckLayerAvailability",
        "ecr:InitiateLayerUpload",
        "ecr:UploadLayerPart",
        "ecr:CompleteLayerUpload",
        "ecr:PutImage",
      ],
      resource: "*:repository/hive-web",
      because: "A host pushes nothing (test/sandbox/registry.test.ts).",
    },
  ],
};
