// Tests the comparison table with fifty implementations and two hundred requirements; its accessibility on a small one.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { accessible, close, fits, until, visit } from "./page.mjs";

after(close);
const MATRIX = "matrix.html";
const SMALL = "small.html";
const ids = (page) => page.locator(".matrix tbody tr[data-id]:visible").evaluateAll((rows) => rows.map((row) => row.dataset.id));

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 768, 360]) {
    const look = { colorScheme, viewport: { width, height: 800 } };
    test(`it is accessible and fits, ${colorScheme}, ${width} pixels wide`, async () => {
      await visit(MATRIX, look, fits);
      await visit(SMALL, look, async (page) => {
        await accessible(page);
        await fits(page);
        await page.locator("td.fails button").first().click();
        await accessible(page);
      });
    });
  }
}

test("shows all implementations and requirements", (context) =>
  visit(MATRIX, {}, async (page) => {
    assert.equal(await page.locator("thead th[data-index]").count(), 50);
    assert.equal(await page.locator("tbody tr[data-id]").count(), 200);
    const times = await page.evaluate(() => {
      const time = (act) => { const began = performance.now(); act(); document.body.offsetHeight; return Math.round(performance.now() - began); };
      const form = document.querySelector(".filters").elements;
      const change = (element, value) => () => { element.value = value; element.dispatchEvent(new Event("input", { bubbles: true })); };
      return {
        rows: time(change(form.order, "failures")),
        columns: time(change(form.columns, "held")),
        search: time(change(form.search, "19")),
        cell: time(() => document.querySelector(".matrix tbody tr:not([hidden]) button").click()),
      };
    });
    context.diagnostic(`milliseconds: ${JSON.stringify(times)}`);
  }));

test("headers stay visible while the table scrolls", () =>
  visit(MATRIX, {}, async (page) => {
    const box = (selector) => page.locator(selector).boundingBox();
    const [corner, frame] = [await box(".corner"), await box(".matrix")];
    await page.locator(".matrix").evaluate((element) => element.scrollTo(600, 2000));
    const moved = await box(".corner");
    assert.deepEqual([moved.x, moved.y], [corner.x, corner.y]);
    const row = await page.locator(".matrix tbody tr").nth(80).locator("th").boundingBox();
    assert.ok(Math.abs(row.x - frame.x) <= 2, `${row.x} ${frame.x}`);
  }));

test("rows sort by failures and by one implementation, columns by passed requirements", () =>
  visit(MATRIX, {}, async (page) => {
    const given = await ids(page);
    await page.locator(".filters [name=order]").selectOption("failures");
    const often = await page.locator("tbody tr[data-id]").evaluateAll((rows) => rows.map((row) => +row.dataset.failures));
    assert.deepEqual(often, often.toSorted((a, b) => b - a));
    await page.locator(".filters [name=order]").selectOption("register");
    assert.deepEqual(await ids(page), given);
    await page.locator("thead .sort").nth(3).click();
    const states = await page.locator("tbody tr[data-id]").evaluateAll((rows) => rows.map((row) => row.cells[5].className));
    assert.equal(states.lastIndexOf("fails"), states.filter((state) => state === "fails").length - 1);
    await page.locator("thead .sort").nth(3).click();
    assert.deepEqual(await ids(page), given);
    await page.getByLabel("Columns").selectOption("held");
    const held = await page.locator("thead th[data-index]").evaluateAll((heads) => heads.map((head) => +head.dataset.held));
    assert.deepEqual(held, held.toSorted((a, b) => b - a));
  }));

test("search, level and failures filter the rows", () =>
  visit(MATRIX, {}, async (page) => {
    await page.getByLabel("Search").fill("number 17");
    assert.equal((await ids(page)).length > 0, true);
    await page.getByLabel("Search").fill("");
    await page.getByLabel("only failing requirements").check();
    const failing = await ids(page);
    assert.ok(failing.length > 0 && failing.length < 200);
    await page.getByLabel("Level").selectOption("should");
    assert.equal(await page.locator('tbody tr[data-id]:visible:not([data-level="should"])').count(), 0);
    await page.getByRole("button", { name: "show all" }).click();
    await until(page, () => document.querySelectorAll("tbody tr[data-id]:not([hidden])").length === 200);
  }));

test("a cell opens its exchange by click and key, and its link survives a reload", () =>
  visit(MATRIX, {}, async (page) => {
    const cell = page.locator("td.fails button").first();
    await cell.click();
    const dialog = page.getByRole("dialog");
    const title = await dialog.getByRole("heading", { level: 2 }).textContent();
    assert.match(await dialog.textContent(), /GET \/path/);
    await dialog.getByRole("button", { name: "copy" }).first().click();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^curl/);
    await page.reload();
    assert.equal(await dialog.getByRole("heading", { level: 2 }).textContent(), title);
    await page.keyboard.press("Escape");
    assert.equal(await dialog.isVisible(), false);
    const button = page.locator("td button[tabindex='0']");
    await button.focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    assert.equal(await dialog.isVisible(), true);
    assert.equal(await page.locator("td button[tabindex='0']").count(), 1);
  }));
