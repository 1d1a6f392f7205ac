// For mutation testing: fewer cases of each property. What 25 random cases do not notice is noticed by luck.
import fc from "fast-check";

fc.configureGlobal({ numRuns: 25 });
