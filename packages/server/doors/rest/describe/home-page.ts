/** What a browser sees at `/` until there is a dashboard. */
import type { about } from './about.ts'
import { escapeHtml, type Page, page } from './page.ts'

/** `origin` is where whoever looks at it finds this server. */
export function homePage({ name, version, links }: ReturnType<typeof about>, origin: string): Page {
  const at = escapeHtml(origin)
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
curl -H "Authorization: Bearer $KEY" -F file=@hello.txt ${at}/upload
curl -H "Authorization: Bearer $KEY" ${at}/files
curl -H "Authorization: Bearer $KEY" ${at}/download/hello.txt
curl -H "Authorization: Bearer $KEY" ${at}/metadata/hello.txt</pre>
<h2>Where to go</h2>
<ul>
${items.join('\n')}
</ul>`,
  })
}
