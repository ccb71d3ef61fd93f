// Prints the requests that Postman's own collection library reads out of a collection.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { createRequire } from "node:module";

const [modules, file] = process.argv.slice(2);
const require = createRequire(pathToFileURL(modules + "/"));
const { Collection } = require("postman-collection");
const collection = new Collection(JSON.parse(readFileSync(file, "utf8")));
const requests = [];
collection.forEachItem((item) => {
  requests.push({
    name: item.name,
    method: item.request.method,
    url: item.request.url.toString(),
    headers: item.request.headers.all().map(({ key, value }) => [key, value]),
    body: item.request.body ? item.request.body.toString() : null,
  });
});
console.log(JSON.stringify(requests));
