// What an editor says of scenarios: nothing against those that load, and a word where a key is wrong.
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

test("nothing is said against a file that loads", async () => {
  const files = readdirSync(join(folder, "scenarios"), { recursive: true }).filter((name) => name.endsWith(".yaml"));
  assert.ok(files.length > 10, `${files.length} files`);
  const told = await Promise.all(files.map((file) => {
    const path = join("scenarios", file);
    return editor.complaints(path, readFileSync(join(folder, path), "utf8"));
  }));
  assert.deepEqual(told.flat(), []);
});

test("a key that the format does not know is told", async () => {
  const told = await editor.complaints("scenarios/new/key.yaml", scenario("      stauts: 200\n"));
  assert.deepEqual(told, ["scenarios/new/key.yaml:9: Property stauts is not allowed."]);
});

test("a value of the wrong kind is told", async () => {
  const told = await editor.complaints("scenarios/new/kind.yaml", scenario("      within: [soon]\n"));
  assert.equal(told.length, 1, told);
  assert.match(told[0], /:9: .*type/);
});

test("a scenario's key in a sequence is told, and a sequence's key in a scenario", async () => {
  const sequence = "format: 1\ntitle: One\nprofile: open\nsteps: []\n";
  assert.match((await editor.complaints("scenarios/sequences/one.yaml", sequence)).join(), /:3: Property profile is not allowed/);
  const wrong = `gives: [a]\n${scenario("      status: 200\n")}`;
  assert.match((await editor.complaints("scenarios/new/gives.yaml", wrong)).join(), /:1: Property gives is not allowed/);
});

test("the keys of an expectation and the matchers are proposed", async () => {
  const text = scenario("      ");
  await editor.complaints("scenarios/new/words.yaml", text);
  const words = await editor.words("scenarios/new/words.yaml", text);
  for (const word of ["status", "json", "headers", "cookies", "within"]) assert.ok(words.includes(word), `${word}: ${words}`);
  const value = scenario("      json: ");
  await editor.complaints("scenarios/new/value.yaml", value);
  const matchers = await editor.words("scenarios/new/value.yaml", value);
  for (const word of ["!uuid", "!subset", "!unordered"]) assert.ok(matchers.includes(word), `${word}: ${matchers}`);
});

test("a key is described", async () => {
  const text = scenario("      status: 200\n");
  await editor.complaints("scenarios/new/told.yaml", text);
  assert.match(await editor.told("scenarios/new/told.yaml", { line: 8, character: 8 }), /Statuses that are allowed/);
});
