// For mutation testing: fewer cases of each property, and no search for the smallest that fails, which nobody reads. What 25 random
// cases do not notice is noticed by luck.
import fc from "fast-check";

fc.configureGlobal({ numRuns: 25, endOnFailure: true });
