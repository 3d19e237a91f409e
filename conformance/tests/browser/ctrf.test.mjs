// Validates a CTRF report with the library of the format's authors, which has its published schema.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { validate } from "ctrf";

test("the report is valid", () => {
  const report = JSON.parse(readFileSync(`${process.env.PAGES}/report.ctrf.json`, "utf8"));
  const { valid, errors } = validate(report);
  assert.deepEqual(errors ?? [], []);
  assert.equal(valid, true);
  assert.equal(validate({ ...report, reportFormat: "other" }).valid, false);
});
