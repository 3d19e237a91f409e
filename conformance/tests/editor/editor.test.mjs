// Tests which errors and completions an editor shows for scenarios.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { open } from "./server.mjs";

const folder = process.env.FOLDER;
const editor = await open(folder, JSON.parse(readFileSync(join(folder, ".vscode/settings.json"), "utf8")));
after(() => editor.close());

const scenario = (expect) => `format: 1
title: One
profile: open
steps:
  - id: a
    title: it answers
    request: {path: /}
    expect:
${expect}`;

test("valid files have no errors", async () => {
  const files = readdirSync(join(folder, "scenarios"), { recursive: true }).filter((name) => name.endsWith(".yaml"));
  assert.ok(files.length > 10, `${files.length} files`);
  const complaints = await Promise.all(files.map((file) => {
    const path = join("scenarios", file);
    return editor.complaints(path, readFileSync(join(folder, path), "utf8"));
  }));
  assert.deepEqual(complaints.flat(), []);
});

test("reports unknown keys", async () => {
  const complaints = await editor.complaints("scenarios/new/key.yaml", scenario("      stauts: 200\n"));
  assert.deepEqual(complaints, ["scenarios/new/key.yaml:9: Property stauts is not allowed."]);
});

test("reports values of the wrong type", async () => {
  const complaints = await editor.complaints("scenarios/new/kind.yaml", scenario("      within: [soon]\n"));
  assert.equal(complaints.length, 1, complaints);
  assert.match(complaints[0], /:9: .*type/);
});

test("reports keys of scenarios in sequences, and of sequences in scenarios", async () => {
  const sequence = "format: 1\ntitle: One\nprofile: open\nsteps: []\n";
  assert.match((await editor.complaints("scenarios/sequences/one.yaml", sequence)).join(), /:3: Property profile is not allowed/);
  const wrong = `gives: [a]\n${scenario("      status: 200\n")}`;
  assert.match((await editor.complaints("scenarios/new/gives.yaml", wrong)).join(), /:1: Property gives is not allowed/);
});

test("completes keys of expectations and matchers", async () => {
  const text = scenario("      ");
  await editor.complaints("scenarios/new/words.yaml", text);
  const words = await editor.words("scenarios/new/words.yaml", text);
  for (const word of ["status", "json", "headers", "cookies", "within"]) assert.ok(words.includes(word), `${word}: ${words}`);
  const value = scenario("      json: ");
  await editor.complaints("scenarios/new/value.yaml", value);
  const matchers = await editor.words("scenarios/new/value.yaml", value);
  for (const word of ["!uuid", "!subset", "!unordered"]) assert.ok(matchers.includes(word), `${word}: ${matchers}`);
});

test("describes a key on hover", async () => {
  const text = scenario("      status: 200\n");
  await editor.complaints("scenarios/new/hover.yaml", text);
  assert.match(await editor.hover("scenarios/new/hover.yaml", { line: 8, character: 8 }), /The allowed statuses/);
});
