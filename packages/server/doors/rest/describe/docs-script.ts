/**
 * What runs in the page at `/docs`. The function is sent as it is written here, so it refers to nothing outside of itself; whatever
 * came from outside is put into the page as text, never as markup.
 */

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly minimum?: number
  readonly maximum?: number
}

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly description?: string
}

interface Described {
  readonly summary: string
  readonly tags: readonly string[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<Record<string, { readonly description: string }>>
}

interface Described31 {
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

export function runDocs(): void {
  const SHOWN_CHARACTERS_MAX = 100_000

  function element<Tag extends keyof HTMLElementTagNameMap>(
    tag: Tag,
    ...children: readonly (Node | string)[]
  ): HTMLElementTagNameMap[Tag] {
    const made = document.createElement(tag)
    made.append(...children)
    return made
  }

  /** What stands between backticks is code; the code of an error leads to what it means. */
  function prose(text: string): (Node | string)[] {
    return text.split('`').map((part, index) => {
      if (index % 2 === 0) return part
      const code = element('code', part)
      if (document.getElementById(`errors-${part}`) === null) return code
      const link = element('a', code)
      link.href = `#errors-${part}`
      return link
    })
  }

  /** A message as one would write it down for somebody: `{ data: 1 to 16, writeQuorum?: 1 to 20 }`. */
  function shapeOf(schema: Schema, named: Readonly<Record<string, Schema>>, indent = ''): string {
    const referred = schema.$ref === undefined ? undefined : named[schema.$ref.replace(/.*\//, '')]
    if (referred !== undefined) return shapeOf(referred, named, indent)
    if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
    if (schema.anyOf !== undefined) return schema.anyOf.map((each) => shapeOf(each, named, indent)).join(' | ')
    if (schema.items !== undefined) return `[${shapeOf(schema.items, named, indent)}]`
    const { properties, required = [], type, minimum, maximum } = schema
    if (properties === undefined) {
      const isBounded = minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
      return isBounded ? `${minimum} to ${maximum}` : [type ?? 'anything'].flat().join(' | ')
    }
    const inner = `${indent}  `
    const lines = Object.entries(properties).map(
      ([name, each]) => `${inner}${name}${required.includes(name) ? '' : '?'}: ${shapeOf(each, named, inner)}`,
    )
    return `{\n${lines.join('\n')}\n${indent}}`
  }

  function field(name: string, hint: string, input: HTMLInputElement | HTMLTextAreaElement): HTMLLabelElement {
    const label = element('label', element('span', name), input)
    input.className = 'code'
    if (hint !== '') label.append(element('small', ...prose(hint)))
    return label
  }

  interface BodyFields {
    readonly fields: readonly HTMLElement[]
    readonly body: () => BodyInit | undefined
  }

  function bodyFields(type: string | undefined, shape: string): BodyFields {
    if (type === undefined) return { fields: [], body: () => undefined }
    const file = element('input')
    file.type = 'file'
    if (type === 'application/json') {
      const text = element('textarea')
      text.rows = 4
      text.spellcheck = false
      const hint = element('pre', shape)
      hint.className = 'shape'
      return {
        fields: [field('body', 'JSON of this shape; what has a ? may be left out', text), hint],
        body: () => text.value || undefined,
      }
    }
    if (type !== 'multipart/form-data')
      return { fields: [field('body', 'Any file', file)], body: () => file.files?.[0] }
    const bucket = element('input')
    const path = element('input')
    file.multiple = true
    return {
      fields: [field('bucket', '', bucket), field('path', 'A folder ends with /', path), field('file', '', file)],
      body: () => {
        const form = new FormData()
        if (bucket.value !== '') form.append('bucket', bucket.value)
        if (path.value !== '') form.append('path', path.value)
        for (const each of file.files ?? []) form.append('file', each)
        return form
      },
    }
  }

  function operation(method: string, path: string, described: Described, shape: string): HTMLDetailsElement {
    const inputs = (described.parameters ?? []).map((parameter) => ({ parameter, input: element('input') }))
    for (const { parameter, input } of inputs) {
      input.required = parameter.required
      input.autocomplete = 'off'
      input.spellcheck = false
    }
    const type = Object.keys(described.requestBody?.content ?? {})[0]
    const { fields, body } = bodyFields(type, shape)
    const shown = element('pre')
    shown.hidden = true
    shown.tabIndex = 0
    shown.ariaLive = 'polite'
    shown.ariaLabel = 'Answer'
    const form = element(
      'form',
      ...inputs.map(({ parameter, input }) => field(parameter.name, parameter.description ?? '', input)),
      ...fields,
      element('button', 'Send'),
    )
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      const filled = (place: Parameter['in']) =>
        inputs.filter(({ parameter, input }) => parameter.in === place && input.value !== '')
      let target = path
      for (const { parameter, input } of filled('path')) {
        const value = input.value.split('/').map(encodeURIComponent).join('/')
        target = target.replace(`{${parameter.name}}`, () => value)
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
    const answers = Object.entries(described.responses).map(([status, { description }]) =>
      element('li', element('b', status), ' ', ...prose(description)),
    )
    const name = element('b', method.toUpperCase())
    name.className = method
    return element(
      'details',
      element('summary', name, element('code', path), element('span', described.summary)),
      form,
      shown,
      element('h3', 'Answers'),
      element('ul', ...answers),
    )
  }

  async function textOf(response: Response): Promise<string> {
    const type = response.headers.get('content-type') ?? ''
    if (!/json|^text\//.test(type)) {
      await response.body?.cancel()
      return response.body === null ? '' : `(bytes of type ${type}, not shown)`
    }
    const decoder = new TextDecoder()
    const reader = response.body?.getReader()
    let text = ''
    for (;;) {
      const piece = await reader?.read()
      text += decoder.decode(piece?.value, { stream: piece?.done === false })
      if (piece?.done !== false) break
      if (text.length <= SHOWN_CHARACTERS_MAX) continue
      await reader?.cancel()
      return `${text.slice(0, SHOWN_CHARACTERS_MAX)}\n(and more)`
    }
    return type.includes('json') && text !== '' ? JSON.stringify(JSON.parse(text), null, 2) : text
  }

  function show(shown: HTMLPreElement, target: string, init: RequestInit): void {
    shown.hidden = false
    shown.textContent = `${init.method} ${target} …`
    window
      .fetch(target, init)
      .then(async (response) => {
        const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`)
        const line = `${response.status} ${response.statusText}`
        shown.textContent = [line, ...headers, '', await textOf(response)].join('\n').trimEnd()
      })
      .catch((error: unknown) => {
        shown.textContent = String(error)
      })
  }

  function list(main: Element, { tags, paths, components }: Described31): void {
    main.replaceChildren()
    for (const { name } of tags) {
      main.append(element('h2', name))
      for (const [path, methods] of Object.entries(paths)) {
        for (const [method, described] of Object.entries(methods)) {
          if (!described.tags.includes(name)) continue
          const schema = described.requestBody?.content['application/json']?.schema ?? {}
          main.append(operation(method, path, described, shapeOf(schema, components.schemas)))
        }
      }
    }
  }

  const main = document.querySelector('#operations')
  window
    .fetch('/api/v1/openapi.json')
    .then(async (response) => {
      if (main !== null) list(main, await response.json())
      // What the address names has moved down.
      document.getElementById(window.location.hash.slice(1))?.scrollIntoView()
    })
    .catch((error: unknown) => {
      if (main !== null) main.textContent = `The list of requests could not be loaded: ${error}`
    })
}
