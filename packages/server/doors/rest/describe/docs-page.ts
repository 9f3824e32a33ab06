/** The page at `/docs`: every request, made from the document in the browser, and what each error means, written out here. */
import { type ErrorCode, statusOf } from '@holdfast/core/wire/errors.ts'
import { INTERNAL_ERROR, INTERNAL_ERROR_TITLE, problemTitles } from '@holdfast/core/wire/rest/problem.ts'
import { runDocs } from './docs-script.ts'
import { escapeHtml, type Page, page } from './page.ts'

const STYLE = `
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; padding: 0 0.75rem }
details[open] { padding-bottom: 0.75rem }
summary { cursor: pointer; padding: 0.5rem 0 }
summary b { display: inline-block; min-width: 4.5rem }
label { display: grid; grid-template-columns: minmax(8rem, 14rem) 1fr; gap: 0.5rem; margin: 0.35rem 0; align-items: center }
label small { grid-column: 2; opacity: 0.8 }
input, textarea { width: 100%; box-sizing: border-box; padding: 0.4rem }
button { font: inherit; padding: 0.35rem 1rem; margin-top: 0.5rem }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: 0.3rem 0.5rem; border-bottom: 1px solid var(--line) }
tr:target { background: light-dark(#fff3c4, #5c4a00) }
`

export function docsPage(version: string): Page {
  const codes: [string, number, string][] = (Object.keys(statusOf) as ErrorCode[]).map((code) => [
    code,
    statusOf[code],
    problemTitles[code],
  ])
  codes.push([INTERNAL_ERROR, 500, INTERNAL_ERROR_TITLE])
  const rows = codes.map(
    ([code, status, title]) =>
      `<tr id="errors-${code}"><td><code>${code}</code></td><td>${status}</td><td>${escapeHtml(title)}</td></tr>`,
  )
  return page('Holdfast API', {
    style: STYLE,
    // Types are stripped before the program runs, so that what a function says of itself is plain JavaScript.
    script: `(${runDocs.toString()})()`,
    body: `
<h1>Holdfast API</h1>
<p>Version ${escapeHtml(version)} · <a href="/api/v1/openapi.json">OpenAPI 3.1</a></p>
<label>Key <input id="key" type="password" autocomplete="off" spellcheck="false"><small>From the file admin.key; it stays in this page.</small></label>
<main id="operations"><p>The list of requests needs JavaScript.</p></main>
<h2 id="errors">Errors</h2>
<p>Every error is <code>application/problem+json</code> with one of these codes.</p>
<table><thead><tr><th>code</th><th>status</th><th>meaning</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table>`,
  })
}
