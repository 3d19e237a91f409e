// Tests a static site about four implementations that was written twice: its links, changes, narrow screens, themes, print and accessibility.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { accessible, address, close, fits, visit } from "./page.mjs";

after(close);
const INDEX = "site/index.html";
const list = (page) => page.locator(".list tbody tr");

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 768, 360]) {
    test(`its pages are accessible and fit, ${colorScheme}, ${width} pixels wide`, async () => {
      for (const name of [INDEX, "site/ada.html"]) {
        await visit(name, { colorScheme, viewport: { width, height: 800 } }, async (page) => {
          await accessible(page);
          await fits(page);
        });
      }
    });
  }
}

test("every link leads to a file of the site", () =>
  visit(INDEX, {}, async (page) => {
    const links = await page.locator("a[href]").evaluateAll((found) => found.map((link) => link.href));
    // A page and a badge in the list, and the page in the head of the table.
    assert.equal(links.length, 4 * 3);
    for (const link of links) {
      assert.ok(link.startsWith(address("site/")), link);
      assert.ok(existsSync(fileURLToPath(link)), link);
    }
  }));

test("shows what changed since the last time", () =>
  visit(INDEX, {}, async (page) => {
    assert.match(await page.locator(".list thead").textContent(), /since the last time/);
    assert.match(await list(page).nth(0).textContent(), /broke.*PART-.*fixed.*PART-/s);
  }));

test("an implementation that does not start has its reason in place of counts", () =>
  visit(INDEX, {}, async (page) => {
    const text = await list(page).nth(3).textContent();
    assert.match(text, /unusable[^]*ModuleNotFoundError/);
    assert.doesNotMatch(text, /\d+\/\d+/);
  }));

test("all columns fit on printed paper, and no control is printed", () =>
  // The width of A4 in landscape without its margins.
  visit(INDEX, { viewport: { width: 1040, height: 700 } }, async (page) => {
    await page.emulateMedia({ media: "print" });
    await fits(page);
    const table = await page.locator(".matrix table").boundingBox();
    assert.ok(table.x >= 0 && table.x + table.width <= 1040, JSON.stringify(table));
    for (const control of [".filters", "#theme", ".sort"]) assert.equal(await page.locator(control).first().isVisible(), false, control);
  }));
