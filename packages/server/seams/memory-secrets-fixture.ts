/** Secret files in memory, for the simulator and for tests. */
import { type SecretFiles, SecretRefusedError } from './secret-files.ts'

export class MemorySecrets implements SecretFiles {
  readonly files: Map<string, string>

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.files = new Map(Object.entries(files))
  }

  pathOf(name: string): string {
    return `memory/${name}`
  }

  async read(name: string): Promise<string | undefined> {
    return this.files.get(name)
  }

  async create(name: string, text: string): Promise<void> {
    if (this.files.has(name))
      throw new SecretRefusedError(`${this.pathOf(name)} is there already and is never replaced`)
    this.files.set(name, text)
  }
}
