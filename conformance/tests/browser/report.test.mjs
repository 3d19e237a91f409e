// Tests the report of a run.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { accessible, close, fits, until, visit } from "./page.mjs";

after(close);
const REPORT = "report.html";
const steps = (page) => page.locator(".step:visible");
const failing = (page) => page.locator(".step.fails:visible").first();
const open = (page, id) => page.evaluate((id) => document.getElementById(id).open, id);

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 768, 360]) {
    test(`it is accessible and fits, ${colorScheme}, ${width} pixels wide`, () =>
      visit(REPORT, { colorScheme, viewport: { width, height: 800 } }, async (page) => {
        await failing(page).locator("summary").click();
        await page.locator(".task > summary").first().click();
        await accessible(page);
        await fits(page);
      }));
  }
}

test("shows failures first, and all steps on request", () =>
  visit(REPORT, {}, async (page) => {
    const first = await steps(page).count();
    assert.ok(first > 0);
    assert.equal(await page.locator('.step[data-verdict="pass"]:visible').count(), 0);
    await page.getByRole("button", { name: "show all" }).click();
    await until(page, (first) => document.querySelectorAll(".step:not([hidden])").length > first, first);
    assert.match(await page.locator(".shown").textContent(), /^(\d+) of \1 steps$/);
  }));

test("verdict, level, task and search filters combine", () =>
  visit(REPORT, {}, async (page) => {
    await page.getByRole("checkbox", { name: /pass/ }).check();
    await page.getByLabel("Level").selectOption("should");
    assert.ok(await steps(page).count() > 0);
    assert.equal(await page.locator('.step:visible:not([data-levels*="should"])').count(), 0);
    await page.getByLabel("Level").selectOption("");
    await page.getByRole("combobox", { name: "Task" }).selectOption("SESSION-8");
    assert.equal(await page.locator('.step:visible:not([data-tasks*="SESSION-8"])').count(), 0);
    const before = await steps(page).count();
    await page.getByLabel("Search").fill("logout 200");
    const found = await steps(page).count();
    assert.ok(found > 0 && found < before, `${found} of ${before}`);
    await page.getByLabel("Search").fill("no such words anywhere");
    assert.equal(await steps(page).count(), 0);
    assert.match(await page.locator(".shown").textContent(), /^0 of/);
  }));

test("a link to a step survives a reload, also if filters hide the step", async () => {
  let passing;
  await visit(REPORT, {}, async (page) => {
    const id = await failing(page).getAttribute("id");
    await failing(page).locator("summary").click();
    await until(page, () => location.hash.length > 1);
    await page.reload();
    assert.equal(await open(page, id), true);
    passing = await page.locator('.step[data-verdict="pass"]').first().getAttribute("id");
  });
  await visit(REPORT, {}, async (page) => {
    await page.evaluate((id) => { location.hash = encodeURIComponent(id); }, passing);
    await until(page, (id) => document.getElementById(id).open, passing);
    assert.equal(await page.locator(`[id="${passing}"]`).isVisible(), true);
  });
});

test("keys search, open and copy", () =>
  visit(REPORT, {}, async (page) => {
    await page.keyboard.press("f");
    const here = () => page.evaluate(() => document.activeElement.closest(".step")?.id);
    const first = await here();
    assert.equal(await open(page, first), true);
    await page.keyboard.press("c");
    await until(page, () => document.activeElement.closest(".step").querySelector(".copy").textContent === "copied");
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^curl '?http:/);
    await page.keyboard.press("n");
    const second = await here();
    assert.notEqual(second, first);
    await page.keyboard.press("Enter");
    assert.equal(await open(page, second), true);
    await page.keyboard.press("p");
    assert.equal(await here(), first);
    await page.keyboard.press("/");
    await page.keyboard.type("logout");
    assert.equal(await page.getByLabel("Search").inputValue(), "logout");
    await page.keyboard.press("Escape");
    assert.equal(await page.getByLabel("Search").inputValue(), "");
  }));

test("a requirement shows its steps, and the copy button copies the command", () =>
  visit(REPORT, {}, async (page) => {
    await page.locator(".task", { has: page.locator(".cell.fails") }).first().locator("summary").click();
    const link = page.locator("[data-find]:visible").first();
    const id = await link.textContent();
    await link.click();
    assert.ok(await steps(page).count() > 0);
    assert.equal(await page.getByLabel("Search").inputValue(), id);
    await steps(page).filter({ has: page.locator(".copy") }).first().locator("summary").click();
    await page.locator(".copy:visible").first().click();
    const command = await page.locator(".again:visible code").first().textContent();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), command);
  }));

test("the chosen theme persists", () =>
  visit(REPORT, { colorScheme: "light" }, async (page) => {
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    const button = page.getByRole("button", { name: /^theme/ });
    await button.click();
    assert.equal(await ground(), light);
    await button.click();
    assert.notEqual(await ground(), light);
    await page.reload();
    assert.notEqual(await ground(), light);
  }));

test("prints failures without screen controls", () =>
  visit(REPORT, {}, async (page) => {
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator(".filters").isVisible(), false);
    assert.equal(await page.locator(".step.fails .received").first().isVisible(), true);
    assert.ok((await page.pdf()).length > 10_000);
  }));

test("the path and the profile filter the steps", () =>
  visit(REPORT, {}, async (page) => {
    await page.getByRole("button", { name: "show all" }).click();
    await page.locator(".filters [name=path]").fill("post /api/v1/auth_session/login");
    assert.ok(await steps(page).count() > 0);
    assert.equal(await page.locator('.step:visible:not([data-path^="POST /api/v1/auth_session/login"])').count(), 0);
    await page.locator(".filters [name=path]").fill("");
    const profile = await page.getByLabel("Profile").locator("option").nth(1).textContent();
    await page.getByLabel("Profile").selectOption(profile);
    assert.equal(await page.locator(`.step:visible:not([data-profile="${profile}"])`).count(), 0);
  }));

test("is complete without JavaScript", () =>
  visit(REPORT, { javaScriptEnabled: false }, async (page) => {
    assert.equal(await page.locator(".step:visible").count(), await page.locator(".step").count());
    await failing(page).locator("summary").click();
    assert.equal(await failing(page).locator(".source").isVisible(), true);
  }));

test("marks differences next to the expectation", () =>
  visit(REPORT, {}, async (page) => {
    await page.getByRole("button", { name: "show all" }).click();
    assert.ok(await page.locator(".source .differs").count() > 0);
    assert.ok(await page.locator(".received .line.missing").count() > 0);
  }));
