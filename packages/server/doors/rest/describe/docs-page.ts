/** The page at `/docs`: every request, made from the document in the browser, and what each error means, written out here. */
import { type ErrorCode, statusOf } from '@holdfast/core/wire/errors.ts'
import { INTERNAL_ERROR, INTERNAL_ERROR_TITLE, problemTitles } from '@holdfast/core/wire/rest/problem.ts'
import { runDocs } from './docs-script.ts'
import { escapeHtml, type Page, page } from './page.ts'

const STYLE = `
:root { --edge: #888; --get: light-dark(#0550ae, #79b8ff); --write: light-dark(#116329, #7ee787); --delete: light-dark(#a40e26, #ff9492) }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; padding: 0 0.75rem }
details[open] { padding-bottom: 0.75rem }
summary { cursor: pointer; padding: 0.5rem 0; display: grid; grid-template-columns: 0.75rem 4.5rem auto 1fr; column-gap: 0.5rem; align-items: baseline; list-style: none }
summary::-webkit-details-marker { display: none }
summary::before { content: "▸" }
details[open] > summary::before { content: "▾" }
summary span { opacity: 0.8; padding-left: 0.5rem }
code { overflow-wrap: anywhere }
.get, .head { color: var(--get) }
.put, .post, .patch { color: var(--write) }
.delete { color: var(--delete) }
label { display: grid; grid-template-columns: 12rem 1fr; gap: 0.1rem 0.75rem; margin: 0.6rem 0; align-items: baseline }
label small { grid-column: 2; opacity: 0.8 }
label span { overflow-wrap: anywhere }
label:has(:required) span::after { content: " *" }
input, textarea { width: 100%; box-sizing: border-box; padding: 0.4rem; border: 1px solid var(--edge); border-radius: 6px; background: transparent; color: inherit }
textarea { resize: vertical }
.shape { margin: 0 0 0.6rem 12.75rem; font-size: 0.8125rem }
button { font: inherit; padding: 0.4rem 1.25rem; margin: 0.25rem 0; border: 1px solid var(--edge); border-radius: 6px; background: var(--soft); color: inherit; cursor: pointer }
h3 { font-size: 1rem; margin: 1rem 0 0.25rem }
ul { margin: 0; padding-left: 0; list-style: none }
li { margin: 0.15rem 0; padding-left: 2.5rem; text-indent: -2.5rem }
li b { display: inline-block; width: 2.25rem; text-indent: 0 }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: 0.3rem 0.75rem 0.3rem 0; border-bottom: 1px solid var(--line) }
tr:target { background: light-dark(#fff3c4, #5c4a00) }
@media (max-width: 40rem) {
  summary { grid-template-columns: 0.75rem 4.5rem 1fr }
  summary span { grid-column: 2 / 4; padding-left: 0 }
  label { grid-template-columns: 1fr }
  label small { grid-column: 1 }
  .shape { margin-left: 0 }
  tr { display: grid; grid-template-columns: 1fr auto; border-bottom: 1px solid var(--line); padding: 0.3rem 0 }
  td, th { border: 0; padding: 0 }
  td:last-child, th:last-child { grid-column: 1 / 3 }
}
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
<label><span>Key</span><input class="code" id="key" type="password" autocomplete="off" spellcheck="false"><small>From the file <code>admin.key</code> of the data directory; it stays in this page.</small></label>
<main id="operations"><p>The list of requests is made by a script of this page.</p></main>
<h2 id="errors">Errors</h2>
<p>Every error is <code>application/problem+json</code> with one of these codes.</p>
<table><thead><tr><th>code</th><th>status</th><th>meaning</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table>`,
  })
}
