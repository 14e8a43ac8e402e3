// The AsyncAPI parser's verdict on the description of the events: errors and warnings are both too
// many.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(await readFile(process.argv[2], "utf8"));
const found = diagnostics.filter(({ severity }) => severity <= 1);
for (const { code, message, path } of found) {
  console.error(`${code}: ${message} at ${path.join(".")}`);
}
if (!document || found.length > 0) process.exit(1);
console.log(`${document.info().title()}: ${document.allMessages().all().length} messages`);
