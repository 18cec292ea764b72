// Reads the reports that run.sh made: node read.mjs DIRECTORY
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const made = process.argv[2];
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
const GALLERY = `file://${join(made, "gallery.html")}`;
const MANY = `file://${join(made, "many.html")}`;

let passed = 0;
const failed = [];
const wrong = (message) => { throw new Error(message); };
const is = (found, expected, what) => {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) wrong(`${what}: ${a} instead of ${b}`);
};

// A browser of its own that has never been used; what it says and asks for is held against it.
const browse = async (url, options, act) => {
  const profile = mkdtempSync(join(tmpdir(), "flowctl-html-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium", headless: true, args: FLAGS,
    viewport: { width: 1280, height: 900 }, colorScheme: "light", ...options,
  });
  try {
    const page = await browser.newPage();
    const heard = [];
    page.on("console", (message) => heard.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => heard.push(`error: ${error.message}`));
    page.on("request", (request) => { if (request.url() !== url) heard.push(`request: ${request.url()}`); });
    await page.addInitScript(() => {
      window.long = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.long.push(Math.round(entry.duration));
      }).observe({ type: "longtask", buffered: true });
    });
    await page.goto(url);
    await act(page, browser);
    is(heard, [], "what the page said and asked for");
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  }
};

const test = async (name, act, { url = GALLERY, ...options } = {}) => {
  try {
    await browse(url, options, act);
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed.push(name);
    console.log(`FAILED  ${name}: ${error.message}`);
  }
};

const shot = (page, name, whole = false) => page.screenshot({ path: join(made, `${name}.png`), fullPage: whole });
const shown = (page) => page.$$eval(".change", (all) => all.filter((c) => !c.hidden).map((c) => c.querySelector("code").textContent));
const opened = (page) => page.$$eval(".change", (all) => all.filter((c) => c.open && !c.hidden).length);
const settle = (page) => page.waitForTimeout(150);
const change = (page, address) => page.locator(".change", { has: page.locator("summary code", { hasText: new RegExp(`^${address.replace(/[[\]".]/g, "\\$&")}$`) }) });
const box = async (locator) => (await locator.boundingBox()) ?? wrong("nothing is drawn");

await test("the verdict, the counts and every change are there", async (page) => {
  is(await page.title(), "Plan gallery", "title");
  is(await page.textContent(".verdict"), "Plan: 1 to import, 6 to add, 10 to change, 6 to destroy, 1 to forget.", "verdict");
  is(await page.$$eval(".chip", (all) => all.map((c) => c.textContent)), ["2 destroy", "4 replace", "10 update", "2 create", "1 forget"], "chips");
  is((await shown(page)).length, 19, "changes");
  is(await page.$$eval(".also a", (all) => all.map((a) => a.textContent)), ["1 check not met", "1 change outside of flowctl", "4 outputs"], "what else there is");
  const groups = await page.$$eval(".change", (all) => [...new Set(all.map((c) => c.dataset.group))]);
  is(groups, ["delete", "replace", "update", "create", "forget"], "what goes stands first");
  const notes = await change(page, "aws_appflow_connector_profile.metrics").locator("summary").textContent();
  if (!notes.includes("name forces replacement")) wrong(`no reason in ${notes}`);
  await shot(page, "light");
});

await test("every link leads somewhere", async (page) => {
  const lost = await page.$$eval("a[href]", (all) => all.map((a) => a.getAttribute("href")).filter((to) => !to.startsWith("#") || !document.getElementById(to.slice(1))));
  is(lost, [], "links");
});

await test("it filters by action", async (page) => {
  const chips = page.locator(".chip");
  for (const name of ["update", "create", "forget", "replace"]) await page.click(`.chip.${name}`);
  is(await shown(page), ["aws_appflow_connector_profile.retired", 'terraform_data.each["a"]'], "what is destroyed");
  is(await page.textContent("#count"), "2 of 19", "count");
  is(await page.getAttribute(".chip.update", "aria-pressed"), "false", "state of the button");
  await page.click(".chip.delete");
  is(await page.isVisible("#none"), true, "that nothing matches is said");
  await page.click(".chip.update");
  is((await shown(page)).length, 10, "updates");
  is(await chips.count(), 5, "chips");
});

await test("it filters by text, in addresses and in values", async (page) => {
  await page.fill("#search", "warehouse");
  await settle(page);
  is(await shown(page), ["aws_appflow_connector_profile.warehouse"], "by address");
  await page.fill("#search", "DATADOGHQ.EU drifted");
  await settle(page);
  is(await shown(page), ["aws_appflow_connector_profile.drifted"], "by words in any case");
  await page.fill("#search", "開発");
  await settle(page);
  is(await shown(page), ["terraform_data.values"], "by a value");
  await page.fill("#search", "imported from");
  await settle(page);
  is(await shown(page), ["aws_appflow_connector_profile.found"], "by what is said of it");
  await page.fill("#search", "no such text");
  await settle(page);
  is(await page.isVisible("#none"), true, "that nothing matches is said");
  await page.press("#search", "Escape");
  is((await shown(page)).length, 19, "after Escape");
});

await test("changes open and close", async (page) => {
  const crm = change(page, "aws_appflow_connector_profile.crm");
  is(await crm.locator(".diff").isVisible(), false, "closed at first");
  await crm.locator("summary").click();
  is(await crm.locator(".diff").isVisible(), true, "opened");
  await crm.locator("summary").click();
  is(await crm.locator(".diff").isVisible(), false, "closed again");
  await page.click("#all");
  is(await opened(page), 19, "all open");
  is(await page.textContent("#all"), "Close all", "the button");
  await page.click("#all");
  is(await opened(page), 0, "all closed");
  await page.click(".chip.update");
  await page.click("#all");
  is(await opened(page), 9, "only what is shown is opened");
});

const sides = async (page) => {
  const row = change(page, "aws_appflow_connector_profile.crm").locator(".row.mod", { hasText: "is_sandbox" });
  return [await box(row.locator("del")), await box(row.locator("ins"))];
};

await test("the sides of a change stand below or beside each other", async (page) => {
  await change(page, "aws_appflow_connector_profile.crm").locator("summary").click();
  let [before, after] = await sides(page);
  if (before.x !== after.x || before.y >= after.y) wrong("not below each other at first");
  await page.click("#split");
  [before, after] = await sides(page);
  if (before.y !== after.y || before.x + before.width > after.x) wrong("not beside each other");
  is(await page.getAttribute("#split", "aria-pressed"), "true", "state of the button");
  await page.reload();
  is(await page.evaluate(() => document.body.classList.contains("split")), true, "kept");
  await page.evaluate(() => document.querySelectorAll(".change").forEach((c) => { c.open = true; }));
  await change(page, "terraform_data.documents").scrollIntoViewIfNeeded();
  await settle(page);
  await shot(page, "split");
});

await test("what differs in a line is pointed at, and nothing of a secret", async (page) => {
  await page.click("#all");
  const drifted = change(page, "aws_appflow_connector_profile.drifted");
  is(await drifted.locator("mark").allTextContents(), ["eu", "com"], "parts of an address");
  // Each line stands there twice, once for each side.
  const secrets = await drifted.locator(".row.set span:first-child").allTextContents();
  is(secrets.map((line) => line.trim()), ["api_key         = (sensitive value, changed)", "application_key = (sensitive value, changed)"], "secrets");
  const text = await page.content();
  for (const secret of ["second-token", "first-token", "by-hand"]) if (text.includes(secret)) wrong(`${secret} is in the page`);
});

await test("JSON, YAML, text, lists and sets change inside", async (page) => {
  await page.click("#all");
  const rows = async (address, kind) => (await change(page, address).locator(`.row.${kind} ins`).allTextContents()).map((t) => t.trim());
  const documents = await rows("terraform_data.documents", "add");
  is(documents, ['"s3:GetObjectVersion",'], "what comes");
  const others = await rows("terraform_data.documents", "mod");
  is(others, ['Effect = "Deny"', 'value = "green"', "replicas = 3", "output = (known after apply)"], "what is written anew");
  const values = await rows("terraform_data.values", "add");
  for (const line of ['"scan",', "3", '"ap-northeast-1",']) if (!values.includes(line)) wrong(`${line} is not among ${values}`);
});

await test("values cannot become markup or script", async (page) => {
  await page.click("#all");
  const hostile = change(page, "terraform_data.hostile");
  const text = await hostile.textContent();
  for (const part of ["<script>alert(2)</script>", "</details>", "<!-- flowctl:plan:other -->", "\\u001b[32m"]) if (!text.includes(part)) wrong(`${part} is not shown`);
  is(await hostile.locator("script").count(), 0, "scripts");
  is(await page.locator("script").count(), 1, "scripts of the page");
});

await test("the order of the changes is a picture with what changes marked", async (page) => {
  const nodes = await page.$$eval(".node", (all) => all.map((n) => [n.getAttribute("class"), n.querySelector("text").textContent]));
  for (const node of [["node update", "~ aws_appflow_connector_profile.crm"], ["node replace", "-/+ terraform_data.follows"], ["node create", '+ terraform_data.each["d"]']]) {
    if (!nodes.some((n) => JSON.stringify(n) === JSON.stringify(node))) wrong(`${node} is not among ${JSON.stringify(nodes)}`);
  }
  is(await page.locator(".edge").count(), 6, "edges");
  const spilt = await page.$$eval(".node", (all) => all.filter((n) => n.querySelector("text").getBBox().width + 8 > n.querySelector("rect").getBBox().width).length);
  is(spilt, 0, "addresses wider than their boxes");
  const fills = await page.$$eval(".node.create rect, .node.update rect, .node.replace rect", (all) => new Set(all.map((r) => getComputedStyle(r).fill)).size);
  is(fills, 3, "colours");
  await page.locator(".node", { hasText: "follows" }).click();
  const follows = change(page, "terraform_data.follows");
  is(await follows.evaluate((c) => c.open && c.contains(document.activeElement)), true, "a click leads to the change");
  await page.waitForTimeout(200);
  const [bar, summary] = [await box(page.locator(".controls")), await box(follows.locator("summary"))];
  if (summary.y < bar.y + bar.height - 1) wrong("the change is behind the bar");
});

await test("the keyboard is enough", async (page) => {
  const press = (...keys) => keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
  const at = () => page.evaluate(() => document.activeElement.id || document.activeElement.closest("[data-filter]")?.dataset.filter || document.activeElement.closest(".change")?.querySelector("code").textContent || document.activeElement.tagName);
  await press("j");
  is(await at(), "aws_appflow_connector_profile.retired", "the first change");
  await press("j", "j");
  is(await at(), "aws_appflow_connector_profile.metrics", "two further");
  await press("Enter");
  is(await opened(page), 1, "opened");
  await press("k", "k", "k");
  is(await at(), "aws_appflow_connector_profile.retired", "not beyond the first");
  await press("/");
  is(await at(), "search", "the filter");
  await page.keyboard.type("jaks");
  is(await page.inputValue("#search"), "jaks", "letters are letters there");
  await press("Escape", "s");
  is(await page.evaluate(() => document.body.classList.contains("split")), true, "side by side");
  await press("a");
  is(await opened(page), 19, "all open");
  const passedBy = [];
  await page.reload();
  for (let n = 0; n < 16; n += 1) {
    await press("Tab");
    passedBy.push(await at());
    const outline = await page.evaluate(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== "none" || document.activeElement.tagName === "a"; });
    if (!outline) wrong(`the focus is not seen at ${passedBy.at(-1)}`);
  }
  for (const stop of ["theme", "delete", "search", "split", "all"]) if (!passedBy.includes(stop)) wrong(`Tab does not come by ${stop}: ${passedBy}`);
  await page.locator(".chip.update").focus();
  await press("Space");
  is((await shown(page)).length, 9, "a button pressed with the space bar");
});

for (const width of [320, 375, 414]) {
  await test(`it is read on a phone of ${width} columns`, async (page) => {
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    is(await wide(), 0, "closed, to be scrolled sideways");
    if (width === 375) await shot(page, "phone");
    await page.tap("#all");
    is(await opened(page), 19, "opened by touch");
    is(await wide(), 0, "open, to be scrolled sideways");
    const spilt = await page.$$eval(".row, summary, .finding", (all) => all.filter((e) => e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 0.5).length);
    is(spilt, 0, "lines beyond the edge");
    const small = await page.$$eval("button, summary, input", (all) => all.filter((e) => e.getClientRects().length && e.getBoundingClientRect().height < 36).map((e) => e.textContent));
    is(small, [], "too small to be touched");
    if (width === 375) {
      await change(page, "aws_appflow_connector_profile.crm").scrollIntoViewIfNeeded();
      await shot(page, "phone-open");
    }
  }, { viewport: { width, height: 800 }, hasTouch: true, isMobile: true });
}

await test("light and dark follow the system, the button, and are kept", async (page) => {
  const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  is(await back(), "rgb(255, 255, 255)", "light");
  await page.emulateMedia({ colorScheme: "dark" });
  is(await back(), "rgb(13, 17, 23)", "dark");
  await page.click("#theme");
  is(await back(), "rgb(255, 255, 255)", "the other by the button");
  await page.reload();
  is(await back(), "rgb(255, 255, 255)", "kept");
  await page.emulateMedia({ colorScheme: "light" });
  await page.click("#theme");
  is(await back(), "rgb(13, 17, 23)", "and back");
});

for (const colorScheme of ["light", "dark"]) {
  await test(`nothing hinders anybody (axe, ${colorScheme})`, async (page) => {
    await page.click("#all");
    await page.click("#split");
    // What is out of sight is not drawn, and could not be judged.
    await page.evaluate(() => document.querySelectorAll(".change").forEach((c) => { c.style.contentVisibility = "visible"; }));
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => axe.run());
    is(violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.html} ${n.any.map((a) => a.message)}`).join(" ")}`), [], "violations");
    await shot(page, `open-${colorScheme}`, true);
  }, { colorScheme });
}

await test("without scripts everything can still be read", async (page) => {
  is(await page.isVisible("#search"), false, "what would do nothing is not there");
  const crm = change(page, "aws_appflow_connector_profile.crm");
  await crm.locator("summary").click();
  is(await crm.locator(".diff").isVisible(), true, "opened");
}, { javaScriptEnabled: false });

await test("on paper there are no buttons", async (page) => {
  await page.emulateMedia({ media: "print" });
  is(await page.isVisible("#search"), false, "the filter");
  is(await page.isVisible("#theme"), false, "the button");
});

const figures = [];
await test("1,000 resources stay fluid", async (page) => {
  const load = await page.evaluate(() => { const [n] = performance.getEntriesByType("navigation"); return Math.round(n.loadEventEnd - n.startTime); });
  await page.waitForTimeout(500);
  const longest = () => page.evaluate(() => { const most = Math.max(0, ...window.long); window.long = []; return most; });
  const figure = async (name, time) => figures.push([name, time, await longest()]);
  await figure("load", load);
  await page.evaluate(() => { setTimeout(() => { const end = performance.now() + 120; while (performance.now() < end); }); });
  await settle(page);
  if (await longest() < 100) wrong("long tasks are not seen");
  is(await page.locator(".change").count(), 1000, "changes");
  // Until the picture after it is drawn.
  const timed = (act) => page.evaluate(`(async () => {
    const start = performance.now();
    ${act};
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return Math.round(performance.now() - start);
  })()`);
  const typed = (word) => timed(`const s = document.getElementById("search"); s.value = ${JSON.stringify(word)}; s.dispatchEvent(new Event("input")); await new Promise((d) => setTimeout(d, 85));`);
  await figure("first filter by text", (await typed("second-4")) - 85);
  is((await shown(page)).length, 111, "what matches");
  await figure("next filter by text", (await typed("second-49")) - 85);
  await figure("no filter", (await typed("")) - 85);
  await figure("filter by action", await timed(`document.querySelector(".chip").click()`));
  await page.click(".chip");
  await page.waitForTimeout(300);
  await longest();
  await figure("open all", await timed(`document.getElementById("all").click()`));
  const frames = await page.evaluate(async () => {
    const took = [];
    let last = performance.now();
    for (let n = 0; n < 60; n += 1) {
      scrollBy(0, 400);
      await new Promise(requestAnimationFrame);
      took.push(performance.now() - last);
      last = performance.now();
    }
    return took.sort((a, b) => a - b)[57];
  });
  await figure("a frame while scrolling, 95th of 100", Math.round(frames));
  await figure("side by side", await timed(`document.getElementById("split").click()`));
  await page.evaluate(() => scrollTo(0, 0));
  await shot(page, "many");
  const slow = figures.filter(([name, time, most]) => time > (name === "load" ? 1500 : 300) || most > 500);
  is(slow, [], "too slow (milliseconds, longest task)");
}, { url: MANY });

for (const [name, time, most] of figures) console.log(`        ${name}: ${time} ms; longest task ${most} ms`);
console.log(`${passed} passed, ${failed.length} failed`);
process.exitCode = failed.length ? 1 : 0;
