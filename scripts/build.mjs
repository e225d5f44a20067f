// `npm run build`: everything, types of tests included.
import { prepare } from "./prepare.mjs";

await prepare();
