// Opens a page in a real browser, watches for errors and requests, and checks accessibility.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  // Containers often run as root, where the browser sandbox does not work.
  args: ["--no-sandbox"],
});

export const close = () => browser.close();
export const address = (name) => pathToFileURL(`${process.env.PAGES}/${name}`).href;

/** Opens a page, hands it to `look`, and shows that it wrote no error and asked for nothing but itself. */
export async function visit(name, options, look) {
  const context = await browser.newContext({
    viewport: { width: 1200, height: 900 },
    permissions: ["clipboard-read", "clipboard-write"],
    ...options,
  });
  // Only a failing test waits this long; a busy machine needs more than the usual half minute.
  context.setDefaultTimeout(120_000);
  const wrong = [];
  const page = await context.newPage();
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) wrong.push(message.text()); });
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith("data:") && url.split("#")[0] !== address(name).split("#")[0]) wrong.push(`asked for ${url}`);
  });
  try {
    await page.goto(address(name));
    await look(page);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}

/** Waits until a question to the page is answered with yes. */
export async function until(page, holds, argument) {
  // Not `waitForFunction`: it asks again from inside the page, where the page's policy forbids `eval`.
  const end = Date.now() + 120_000;
  while (!(await page.evaluate(holds, argument))) {
    assert.ok(Date.now() < end, `still not so after two minutes: ${holds}`);
    await new Promise((again) => setTimeout(again, 20));
  }
}

/** Shows that axe finds nothing against a page as it is now. */
export async function accessible(page) {
  // Not as a script element: the policy of the page forbids it.
  await page.evaluate(readFileSync(axe, "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const messages = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
  assert.deepEqual(messages, []);
}

/** Checks that the page does not overflow to the right. */
export async function fits(page) {
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
}
