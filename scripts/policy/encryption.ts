// What lies on a disk is encrypted.
import { at, branches, isObject, isTrue, type Json, ofTypes, type Rule } from "./template.ts";

const isThere = (value: Json | undefined): boolean => value !== undefined && value !== "";

export const encryption: Rule = (template) => {
  const problems: string[] = [];
  for (const [id, properties] of ofTypes(template, "AWS::S3::Bucket"))
    if (!at(properties, "BucketEncryption", "ServerSideEncryptionConfiguration").every(isThere))
      problems.push(`${id}: the bucket is not encrypted; give it BucketEncryption`);
  for (const [id, properties] of ofTypes(template, "AWS::SQS::Queue")) {
    const key = branches(properties.KmsMasterKeyId).every(isThere);
    if (!key && !branches(properties.SqsManagedSseEnabled).every(isTrue))
      problems.push(`${id}: the queue is not encrypted; set SqsManagedSseEnabled`);
  }
  // A choice of the deployment is enough: CloudWatch cannot use the key that costs nothing (cluster/alarms-key.yml).
  for (const [id, { KmsMasterKeyId: key }] of ofTypes(template, "AWS::SNS::Topic"))
    if (!branches(key).some(isThere))
      problems.push(
        `${id}: the topic cannot be encrypted; give it KmsMasterKeyId, at least where a deployment asks for it`,
      );
  for (const [id, properties] of ofTypes(template, "AWS::EC2::LaunchTemplate"))
    for (const mappings of at(properties, "LaunchTemplateData", "BlockDeviceMappings")) {
      const disks = Array.isArray(mappings) ? mappings.filter(isObject) : [];
      if (disks.length === 0)
        problems.push(`${id}: names no disk, so the image decides whether it is encrypted; name it`);
      for (const disk of disks)
        if (!at(disk, "Ebs", "Encrypted").every(isTrue))
          problems.push(`${id}: a disk is not encrypted; set Encrypted: true on each of BlockDeviceMappings`);
    }
  for (const [id, { Encrypted }] of ofTypes(template, "AWS::EC2::Volume", "AWS::EFS::FileSystem"))
    if (!branches(Encrypted).every(isTrue)) problems.push(`${id}: is not encrypted; set Encrypted: true`);
  for (const [id, { EncryptionConfiguration }] of ofTypes(template, "AWS::ECR::Repository"))
    if (!branches(EncryptionConfiguration).every(isThere))
      problems.push(
        `${id}: the repository does not say how it is encrypted; give it EncryptionConfiguration`,
      );
  for (const [id, { EnableKeyRotation }] of ofTypes(template, "AWS::KMS::Key"))
    if (!branches(EnableKeyRotation).every(isTrue))
      problems.push(`${id}: the key is never rotated; set EnableKeyRotation: true`);
  return problems;
};
