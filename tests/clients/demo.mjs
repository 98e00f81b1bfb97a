// A browser at the demo page as a program: takes commands as JSON lines, answers each with a JSON line.
// tests/src/browser.rs drives it. Chromium is the system's own; the driver is installed by scripts/setup-test.sh.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(process.env.ORQESTRA_TEST_CLIENTS + '/');
const { chromium } = require('playwright-core');

const WITHIN = 60_000;
const tell = (is, more = {}) => process.stdout.write(JSON.stringify({ is, ...more }) + '\n');

const browser = await chromium.launch({
  executablePath: process.env.ORQESTRA_TEST_BROWSER ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
});
let context;
let page;
let troubles = [];

// What is asked of every control: a name, room for a finger, a place in the view.
const controls = () => {
  const seen = (element) => element.checkVisibility() && element.getBoundingClientRect().width > 1;
  const found = [...document.querySelectorAll('a, button, input')].filter(seen);
  return found.map((element) => {
    const of = (ids) => (ids ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ');
    const name = element.getAttribute('aria-label') ?? (of(element.getAttribute('aria-labelledby')).trim()
      || element.labels?.[0]?.textContent || element.textContent);
    const { left, right, height } = element.getBoundingClientRect();
    return { tag: element.tagName, name: name.trim(), height, out: left < 0 || right > innerWidth };
  });
};

const doing = {
  // A fresh visitor with this window and scheme.
  async open({ url, width, height, scheme }) {
    await context?.close();
    context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: 'reduce' });
    context.setDefaultTimeout(WITHIN);
    // Installed before the page's own scripts: what the policy stopped, and how far things jumped.
    await context.addInitScript(() => {
      globalThis.jumped = 0;
      globalThis.stopped = [];
      addEventListener('securitypolicyviolation', (event) => globalThis.stopped.push(`${event.violatedDirective} ${event.blockedURI}`));
      new PerformanceObserver((list) => {
        for (const shift of list.getEntries()) if (!shift.hadRecentInput) globalThis.jumped += shift.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    page = await context.newPage();
    troubles = [];
    page.on('console', (message) => { if (message.type() === 'error') troubles.push(message.text()); });
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('dialog', (dialog) => { troubles.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== new URL(url).origin) troubles.push(`asked elsewhere: ${request.url()}`);
    });
    await page.goto(url);
  },
  async fill({ fields }) {
    for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text);
  },
  async press({ name }) { await page.getByRole('button', { name, exact: true }).first().click(); },
  // By the keyboard alone: the nth unread notification is marked as read.
  async mark({ title }) {
    await page.getByRole('listitem').filter({ hasText: title }).getByRole('button', { name: 'Mark as read' }).press('Enter');
  },
  async key({ key }) { await page.keyboard.press(key); },
  async sees({ selector, text }) { await page.locator(selector).filter({ hasText: text }).first().waitFor(); },
  async gone({ selector }) { await page.locator(selector).first().waitFor({ state: 'hidden' }); },
  async bell({ count }) {
    const name = `Notifications, ${count || 'none'} unread`;
    await page.getByRole('button', { name, exact: true }).waitFor();
  },
  async offline({ is }) { await context.setOffline(is); },
  async texts({ selector }) { return { texts: await page.locator(selector).allTextContents() }; },
  async controls() { return { controls: await page.evaluate(controls) }; },
  async address() { return { url: page.url() }; },
  async focus() { return { text: await page.evaluate(() => document.activeElement?.textContent ?? '') }; },
  async state() {
    const told = await page.evaluate(() => ({
      jumped: globalThis.jumped, stopped: globalThis.stopped,
      wide: document.documentElement.scrollWidth > innerWidth, hacked: globalThis.hacked ?? false,
    }));
    return { ...told, troubles };
  },
  async picture({ path }) { await page.screenshot({ path, fullPage: true }); },
};

const lines = createInterface({ input: process.stdin });
// Whoever started this program is gone.
lines.on('close', async () => {
  await browser.close();
  process.exit(0);
});
tell('ready');
for await (const line of lines) {
  const command = JSON.parse(line);
  try {
    tell('done', await doing[command.do](command) ?? {});
  } catch (error) {
    tell('failed', { why: `${command.do}: ${error.message}`, troubles });
  }
}
