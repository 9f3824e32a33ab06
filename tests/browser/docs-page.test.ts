/** The page at `/docs` in a real browser: whole, without a request to anywhere else, under its own policy, and for every reader. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core'
import { ServerProcess } from '../cluster/server-process.ts'
import { chromiumPath, openBrowser } from './chromium.ts'

const WAIT_MS_MAX = 20_000
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }
/** What WCAG 2.2 asks of text, at level AA. */
const CONTRAST_MIN = 4.5

const found = chromiumPath()

describe('the page at /docs', { skip: 'missing' in found && found.missing }, () => {
  let server: ServerProcess
  let browser: Browser
  let origin: string
  let key: string

  before(async () => {
    server = await ServerProcess.start()
    origin = (await readFile(join(server.data, 'run/gateway.address'), 'utf8')).trim()
    key = (await readFile(join(server.data, 'admin.key'), 'utf8')).trim()
    browser = await openBrowser('path' in found ? found.path : '')
  })

  after(async () => {
    await browser?.close()
    await server?.[Symbol.asyncDispose]()
  })

  /** The page, with all that the browser complained of and every address that it asked. */
  async function opened(options: BrowserContextOptions = {}, hash = '') {
    const context = await browser.newContext(options)
    context.setDefaultTimeout(WAIT_MS_MAX)
    const complaints: string[] = []
    const asked: string[] = []
    context.on('request', (request) => asked.push(request.url()))
    context.on('weberror', (error) => complaints.push(String(error.error())))
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    const page = await context.newPage()
    await page.goto(`${origin}/docs${hash}`)
    await page.locator('details').first().waitFor()
    return { page, complaints, asked, ...closing(context) }
  }

  it('shows every request of the document, and asks nobody else', async () => {
    await using shown = await opened()
    const { page, complaints, asked } = shown
    const answer = await fetch(`${origin}/api/v1/openapi.json`)
    // The document's own test says that this is its shape.
    const { paths } = (await answer.json()) as { paths: Record<string, Record<string, { summary: string }>> }
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { summary }]) => `${method.toUpperCase()} ${path} ${summary}`),
    )
    const listed = await page
      .locator('summary')
      .evaluateAll((all) => all.map((each) => [...each.children].map(({ textContent }) => textContent).join(' ')))
    assert.ok(described.length > 25)
    assert.deepEqual(listed.sort(), described.sort())
    for (const summary of await page.locator('summary').all()) await summary.click()
    assert.equal(await page.locator('details[open] form').count(), described.length)
    assert.deepEqual(complaints, [])
    // The browser asks for an icon by itself.
    assert.deepEqual(
      asked.filter((url) => !url.endsWith('/favicon.ico')),
      [`${origin}/docs`, `${origin}/api/v1/openapi.json`],
    )
  })

  it('lets nothing run, load or leave that is not its own', async () => {
    await using shown = await opened()
    const { page, complaints } = shown
    const refused = page.evaluate(
      () =>
        new Promise<string[]>((resolve) => {
          const directives: string[] = []
          document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
            if (directives.push(effectiveDirective) === 3) resolve(directives)
          })
          const script = document.createElement('script')
          script.textContent = 'window.ran = true'
          const image = document.createElement('img')
          image.src = 'http://127.0.0.1:1/'
          document.body.append(script, image)
          fetch('http://127.0.0.1:1/').catch(() => {})
        }),
    )
    assert.deepEqual((await refused).sort(), ['connect-src', 'img-src', 'script-src-elem'])
    assert.equal(await page.evaluate(() => 'ran' in window), false)
    assert.ok(complaints.length > 0, 'what the policy refuses is seen by the other tests')
  })

  it('is used with the keyboard alone: from the key to an answer', async () => {
    await using shown = await opened()
    const { page, complaints } = shown
    const focused = () => page.evaluate(() => document.activeElement?.closest('details, label')?.textContent ?? '')
    await server.client.put('by keyboard', Buffer.from('x'))
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    assert.match(await focused(), /^Key/)
    await page.keyboard.type(key)
    for (let pressed = 0; !/^GET\/api\/v1\/filesList/.test(await focused()); pressed++) {
      assert.ok(pressed < 60, 'the request is reached')
      await page.keyboard.press('Tab')
    }
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle)
    assert.equal(outline, 'solid', 'one sees where one is')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    assert.match(await focused(), /^prefix/)
    await page.keyboard.type('by')
    await page.keyboard.press('Enter')
    const answer = page.locator('pre[aria-live]:visible')
    await answer.filter({ hasText: '"by keyboard"' }).waitFor()
    assert.match((await answer.textContent()) ?? '', /^200 OK\n/)
    assert.deepEqual(complaints, [])
  })

  it('sends a body, and says what a message holds and what is missing', async () => {
    await using shown = await opened()
    const { page } = shown
    await page.locator('#key').fill(key)
    const put = page.locator('details', { has: page.locator('summary:has-text("Create a bucket")') })
    await put.locator('summary').click()
    assert.match((await put.locator('.shape').textContent()) ?? '', /redundancy\?: \{\n {4}data: 1 to 16\n/)
    await put.locator('button').click()
    assert.equal(await put.locator('pre[aria-live]').isVisible(), false, 'a name is needed')
    await put.getByRole('textbox', { name: 'bucket *' }).fill('made-here')
    await put.locator('textarea').fill('{"redundancy":{"data":3,"parity":2}}')
    await put.locator('button').click()
    await put.locator('pre[aria-live]', { hasText: '201 Created' }).waitFor()
    assert.equal((await server.client.ask('GET', '/api/v1/buckets/made-here')).status, 200)
  })

  it('does not show contents as if they were text', async () => {
    await using shown = await opened()
    const { page } = shown
    await server.client.put('picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0]))
    await page.locator('#key').fill(key)
    const download = page.locator('details', { has: page.locator('code:text-is("/download/{name}")') })
    const get = download.filter({ has: page.locator('b.get') })
    await get.locator('summary').click()
    await get.getByLabel('name', { exact: false }).fill('picture')
    await get.locator('button').click()
    await get.locator('pre[aria-live]', { hasText: 'not shown' }).waitFor()
  })

  it('leads from an error to what it means', async () => {
    await using shown = await opened({}, '#errors-quorum_lost')
    const row = shown.page.locator('#errors-quorum_lost')
    await row.locator(':scope:target').waitFor()
    const box = await row.boundingBox()
    assert.ok(box !== null && box.y >= 0 && box.y < 720, `the row is in sight: ${box?.y}`)
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`is readable where it is ${colorScheme}`, async () => {
      await using shown = await opened({ colorScheme })
      await shown.page.locator('summary').first().click()
      const contrasts = await shown.page.evaluate(contrastsInPage)
      assert.ok(Object.keys(contrasts).length >= 6)
      for (const [what, contrast] of Object.entries(contrasts))
        assert.ok(contrast >= CONTRAST_MIN, `${what}: ${contrast}`)
    })
  }

  it('fits a phone, every request opened', async () => {
    await using shown = await opened(PHONE)
    const { page, complaints } = shown
    await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true
    })
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), PHONE.viewport.width)
    const narrow = await page
      .locator('input, textarea')
      .evaluateAll((all) => all.filter((each) => each.clientWidth < 250))
    assert.equal(narrow.length, 0, 'fields are wide enough to type in')
    const low = await page.locator('summary, button').evaluateAll((all) => all.filter((each) => each.clientHeight < 24))
    assert.equal(low.length, 0, 'what is touched is high enough for a finger')
    assert.deepEqual(complaints, [])
  })
})

function closing(context: BrowserContext): AsyncDisposable {
  return { [Symbol.asyncDispose]: async () => await context.close() }
}

/** Runs in the page: the contrast of text to what is behind it, for each kind of text. Colours are read as the browser paints them. */
function contrastsInPage(): Record<string, number> {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  if (canvas === null) return {}
  const painted = (...colours: string[]): Uint8ClampedArray => {
    for (const colour of colours) {
      canvas.fillStyle = colour
      canvas.fillRect(0, 0, 1, 1)
    }
    return canvas.getImageData(0, 0, 1, 1).data
  }
  const luminance = (rgb: Uint8ClampedArray): number => {
    const linear = [...rgb].map((value) =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    )
    return 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0)
  }
  const contrasts: Record<string, number> = {}
  const kinds = [
    'h1',
    'p',
    'a',
    'summary code',
    'summary span',
    'b.get',
    'b.put',
    'b.delete',
    'label small',
    'td',
    'li',
    'pre',
    'button',
  ]
  for (const kind of kinds) {
    const element = document.querySelector(kind)
    if (element === null) continue
    const { color, opacity } = getComputedStyle(element)
    const behind: string[] = []
    for (let each: Element | null = element; each !== null; each = each.parentElement)
      behind.unshift(getComputedStyle(each).backgroundColor)
    const canvasColour = getComputedStyle(document.documentElement).colorScheme
    const ground =
      matchMedia('(prefers-color-scheme: dark)').matches && canvasColour.includes('dark') ? '#121212' : '#fff'
    const back = painted(ground, ...behind)
    const backCss = `rgb(${back[0]} ${back[1]} ${back[2]})`
    painted(backCss)
    canvas.globalAlpha = Number(opacity)
    const front = painted(color)
    canvas.globalAlpha = 1
    const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a)
    contrasts[kind] = ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05)
  }
  return contrasts
}
