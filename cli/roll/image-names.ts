// Images as people call them.
import { shortImage } from "../../shared/rolls/image.ts";
import { plain } from "../terminal/text.ts";

/** `registry/team/hive-tomcat` → `team/hive-tomcat`, as ECR has it. */
export const repositoryName = (repository: string): string => repository.slice(repository.indexOf("/") + 1);

/** The version, or the beginning of the digest; `-` where there is none. */
export const imageCell = (image: string): string => (image ? plain(shortImage(image)) : "-");
