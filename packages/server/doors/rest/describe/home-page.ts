/** What a browser sees at `/` until there is a dashboard. */
import { type about, OPEN_LINKS } from './about.ts'
import { escapeHtml, type Page, page } from './page.ts'

/** `origin` is where whoever looks at it finds this server. */
export function homePage({ name, version, links }: ReturnType<typeof about>, origin: string): Page {
  const at = escapeHtml(origin)
  const all = Object.entries(links).map(([what, where]) => ({ what: escapeHtml(what), where: escapeHtml(where) }))
  const opens = ({ what }: { what: string }): boolean => OPEN_LINKS.includes(what)
  const items = all
    .filter(opens)
    .map(({ what, where }) => `<li><a href="${where}">${what}</a> <code>${where}</code></li>`)
  // A browser sends no key, and would show a refusal.
  const asked = all
    .filter((link) => !opens(link))
    .map(({ where }) => `curl -H "Authorization: Bearer $KEY" ${at}${where}`)
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
</ul>
<p>What needs the key is tried on the page <a href="/docs">docs</a>, which asks for it, or by hand:</p>
<pre>${asked.join('\n')}</pre>`,
  })
}
