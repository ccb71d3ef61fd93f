// Prints what the AsyncAPI parser says of a document: diagnostics, and what it understood.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { createRequire } from "node:module";

const [modules, file] = process.argv.slice(2);
const require = createRequire(pathToFileURL(modules + "/"));
const { Parser } = require("@asyncapi/parser");
const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"));
const channels = document
  ? document.channels().all().map((channel) => ({
      id: channel.id(),
      address: channel.address(),
      messages: channel.messages().all().map((message) => message.id()).sort(),
    }))
  : null;
const operations = document ? document.operations().all().map((each) => each.id()) : null;
console.log(
  JSON.stringify({
    diagnostics: diagnostics.map(({ code, message, severity, path }) => ({
      code, message, severity, path: path.join("/"),
    })),
    channels,
    operations,
  }),
);
