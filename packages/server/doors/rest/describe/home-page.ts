/** What a browser sees at `/` until there is a dashboard. */
import type { about } from './about.ts'
import { escapeHtml, type Page, page } from './page.ts'

export function homePage({ name, version, links }: ReturnType<typeof about>): Page {
  const items = Object.entries(links).map(
    ([what, where]) =>
      `<li><a href="${escapeHtml(where)}">${escapeHtml(what)}</a> <code>${escapeHtml(where)}</code></li>`,
  )
  return page(name, {
    body: `
<h1>${escapeHtml(name)}</h1>
<p>Version ${escapeHtml(version)}. Your files, encrypted, cut, and spread so that any two of five drives may die.</p>
<h2>Try it</h2>
<p>The key is in the file <code>admin.key</code> of the data directory.</p>
<pre>KEY=$(cat data/admin.key)
curl -H "Authorization: Bearer $KEY" -F file=@hello.txt http://127.0.0.1:8000/upload
curl -H "Authorization: Bearer $KEY" http://127.0.0.1:8000/files
curl -H "Authorization: Bearer $KEY" http://127.0.0.1:8000/download/hello.txt
curl -H "Authorization: Bearer $KEY" http://127.0.0.1:8000/metadata/hello.txt</pre>
<h2>Where to go</h2>
<ul>
${items.join('\n')}
</ul>`,
  })
}
