/** A small house with the real scripts, in a directory of its own: what they do can be seen without touching ours. */
import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

export class House implements AsyncDisposable {
  readonly root: string

  private constructor(root: string) {
    this.root = root
  }

  /** Installed, with `lock` as what was installed. */
  static async open(lock = '{"packages":{}}'): Promise<House> {
    const house = new House(await mkdtemp(join(tmpdir(), 'holdfast-house-')))
    for (const name of await readdir(import.meta.dirname)) {
      if (name.endsWith('.js') || name === 'report.ts') {
        await cp(join(import.meta.dirname, name), join(house.root, 'scripts', name))
      }
    }
    await house.write('package.json', '{"type":"module"}')
    await house.write('package-lock.json', lock)
    await house.write('node_modules/.package-lock.json', lock)
    await mkdir(join(house.root, 'node_modules/node/bin'), { recursive: true })
    await symlink(process.execPath, join(house.root, 'node_modules/node/bin/node'))
    return house
  }

  async write(name: string, contents: string, mode = 0o644): Promise<void> {
    await mkdir(dirname(join(this.root, name)), { recursive: true })
    await writeFile(join(this.root, name), contents, { mode })
  }

  /** Starts a script; `ended` tells what it wrote and how it ended. */
  run(script: string, args: readonly string[] = [], environment: Readonly<Record<string, string>> = {}) {
    const { NODE_TEST_CONTEXT: _, CI: __, ...inherited } = process.env
    const child = spawn(process.execPath, [join(this.root, 'scripts', script), ...args], {
      cwd: this.root,
      env: { ...inherited, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const code = new Promise<number | null>((resolve) => child.on('close', resolve))
    const ended = Promise.all([text(child.stdout), text(child.stderr), code]).then(([stdout, stderr, exitCode]) => ({
      stdout,
      stderr,
      exitCode,
    }))
    return { child, ended }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true })
  }
}
