/**
 * Pages of our own: one answer each, with their style and script inside. The policy in their headers names both by hash, so that
 * nothing else can run in them, and they load nothing from anywhere else.
 */
import { hash } from 'node:crypto'

export interface Page {
  readonly html: string
  readonly style: string
  readonly script?: string
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --line: #8886; --soft: #8882; --link: light-dark(#0550ae, #79b8ff) }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 60rem }
a { color: var(--link) }
h1 { margin-bottom: 0.25rem }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line) }
code, pre, textarea, input.code { font: 0.875rem/1.5 ui-monospace, monospace }
pre, textarea { background: var(--soft); padding: 0.75rem; border-radius: 6px; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere }
`

/** The text stands between tags as it is, so that its hash is the one in the policy. */
export function page(title: string, { style, script, body }: { style?: string; script?: string; body: string }): Page {
  const allStyle = STYLE + (style ?? '')
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${allStyle}</style>
</head>
<body>
${body}
${script === undefined ? '' : `<script>${script}</script>`}
</body>
</html>
`
  return { html, style: allStyle, ...(script !== undefined && { script }) }
}

export function pageHeaders({ style, script }: Page): Record<string, string> {
  const policy = [
    "default-src 'none'",
    `style-src '${sourceHash(style)}'`,
    ...(script === undefined ? [] : [`script-src '${sourceHash(script)}'`, "connect-src 'self'"]),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
  }
}

function sourceHash(text: string): string {
  return `sha256-${hash('sha256', text, 'base64')}`
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
