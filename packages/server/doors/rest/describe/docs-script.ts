/**
 * What runs in the page at `/docs`. The function is sent as it is written here, so it refers to nothing outside of itself; whatever
 * came from outside is put into the page as text, never as markup.
 */

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly description?: string
}

interface Described {
  readonly summary: string
  readonly tags: readonly string[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> }
}

interface Described31 {
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
}

export function runDocs(): void {
  const SHOWN_CHARACTERS_MAX = 100_000

  function element<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, text = ''): HTMLElementTagNameMap[Tag] {
    const made = document.createElement(tag)
    made.textContent = text
    return made
  }

  function field(name: string, hint: string, input: HTMLInputElement | HTMLTextAreaElement): HTMLLabelElement {
    const label = element('label', name)
    input.className = 'code'
    label.append(input)
    if (hint !== '') label.append(element('small', hint))
    return label
  }

  function bodyFields(type: string | undefined): { fields: HTMLLabelElement[]; body: () => BodyInit | undefined } {
    if (type === undefined) return { fields: [], body: () => undefined }
    const file = element('input')
    file.type = 'file'
    if (type === 'application/json') {
      const text = element('textarea')
      text.rows = 4
      return { fields: [field('body', 'JSON', text)], body: () => text.value || undefined }
    }
    if (type !== 'multipart/form-data') return { fields: [field('body', '', file)], body: () => file.files?.[0] }
    const bucket = element('input')
    const path = element('input')
    return {
      fields: [field('bucket', '', bucket), field('path', 'a folder ends with /', path), field('file', '', file)],
      body: () => {
        const form = new FormData()
        if (bucket.value !== '') form.append('bucket', bucket.value)
        if (path.value !== '') form.append('path', path.value)
        for (const each of file.files ?? []) form.append('file', each)
        return form
      },
    }
  }

  function operation(method: string, path: string, described: Described): HTMLDetailsElement {
    const details = element('details')
    const summary = element('summary')
    summary.append(element('b', method.toUpperCase()), element('code', path), ` ${described.summary}`)
    const inputs = (described.parameters ?? []).map((parameter) => ({ parameter, input: element('input') }))
    const type = Object.keys(described.requestBody?.content ?? {})[0]
    const { fields, body } = bodyFields(type)
    const send = element('button', 'Send')
    const shown = element('pre')
    shown.hidden = true
    shown.tabIndex = 0
    send.addEventListener('click', () => {
      const filled = (place: Parameter['in']) =>
        inputs.filter(({ parameter, input }) => parameter.in === place && input.value !== '')
      let target = path
      for (const { parameter, input } of filled('path')) {
        target = target.replace(`{${parameter.name}}`, input.value.split('/').map(encodeURIComponent).join('/'))
      }
      const query = new URLSearchParams(filled('query').map(({ parameter, input }) => [parameter.name, input.value]))
      const headers = new Headers(
        filled('header').map(({ parameter, input }): [string, string] => [parameter.name, input.value]),
      )
      const key = document.querySelector<HTMLInputElement>('#key')?.value.trim() ?? ''
      if (key !== '') headers.set('authorization', `Bearer ${key}`)
      const content = body()
      if (type === 'application/json' && content !== undefined) headers.set('content-type', type)
      show(shown, `${target}${query.size > 0 ? `?${query}` : ''}`, {
        method: method.toUpperCase(),
        headers,
        ...(content !== undefined && { body: content }),
      })
    })
    details.append(
      summary,
      ...inputs.map(({ parameter, input }) => field(parameter.name, parameter.description ?? '', input)),
      ...fields,
      send,
      shown,
    )
    return details
  }

  function show(shown: HTMLPreElement, target: string, init: RequestInit): void {
    shown.hidden = false
    shown.textContent = `${init.method} ${target} …`
    window
      .fetch(target, init)
      .then(async (response) => {
        const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`)
        const text = await response.text()
        const isJson = /json/.test(response.headers.get('content-type') ?? '')
        const body = isJson && text !== '' ? JSON.stringify(JSON.parse(text), null, 2) : text
        shown.textContent = [
          `${response.status} ${response.statusText}`,
          ...headers,
          '',
          body.slice(0, SHOWN_CHARACTERS_MAX),
        ].join('\n')
      })
      .catch((error: unknown) => {
        shown.textContent = String(error)
      })
  }

  function list(main: Element, { tags, paths }: Described31): void {
    main.replaceChildren()
    for (const { name } of tags) {
      main.append(element('h2', name))
      for (const [path, methods] of Object.entries(paths)) {
        for (const [method, described] of Object.entries(methods)) {
          if (described.tags.includes(name)) main.append(operation(method, path, described))
        }
      }
    }
  }

  const main = document.querySelector('#operations')
  window
    .fetch('/api/v1/openapi.json')
    .then(async (response) => {
      if (main !== null) list(main, await response.json())
    })
    .catch((error: unknown) => {
      if (main !== null) main.textContent = `The list of requests could not be loaded: ${error}`
    })
}
