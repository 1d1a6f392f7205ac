// The roles of machines that come, and of workers, each without one of its permissions.
import { hastened, TOGETHER, withoutOnePermission } from "./without-permission.ts";

hastened();
withoutOnePermission(TOGETHER.join);
