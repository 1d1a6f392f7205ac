// The roles of what is done for the whole cluster: rolls, plans, repairs, backups, each without one of its permissions.
import { hastened, TOGETHER, withoutOnePermission } from "./without-permission.ts";

hastened();
withoutOnePermission(TOGETHER.cluster);
