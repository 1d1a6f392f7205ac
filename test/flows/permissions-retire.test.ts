// The roles of machines that go, and of managers, each without one of its permissions.
import { hastened, TOGETHER, withoutOnePermission } from "./without-permission.ts";

hastened();
withoutOnePermission(TOGETHER.retire);
