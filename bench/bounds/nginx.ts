/** nginx serving plain files of one directory by `sendfile`: the bound of the large reads. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../free-port.ts'
import type { Target } from '../load/jobs.ts'

const LOOK_MS = 20
const LOOKS_MAX = 250

export interface Nginx extends AsyncDisposable {
  readonly target: Target
}

/** `directory` is for what it writes itself, `files` holds what it serves. */
export async function startNginx(directory: string, files: string): Promise<Nginx> {
  await mkdir(directory, { recursive: true })
  const port = await freePort()
  const config = join(directory, 'nginx.conf')
  await writeFile(config, configuration(directory, files, port))
  const child = spawn('nginx', ['-p', directory, '-c', config, '-e', join(directory, 'error.log')], {
    stdio: 'inherit',
  })
  const exit = once(child, 'exit')
  // Heard below, where it is waited for.
  exit.catch(() => {})
  const killAtExit = (): void => void child.kill()
  process.on('exit', killAtExit)
  for (let look = 0; !(await answers(port)); look++) {
    if (child.exitCode !== null || look === LOOKS_MAX) throw new Error(`nginx does not start: ${directory}/error.log`)
    await Promise.race([wait(LOOK_MS), exit])
  }
  return {
    target: { port, headers: '' },
    async [Symbol.asyncDispose]() {
      process.off('exit', killAtExit)
      child.kill('SIGQUIT')
      await exit
    },
  }
}

function configuration(directory: string, files: string, port: number): string {
  const bodies = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const paths = bodies.map((name) => `  ${name}_temp_path ${join(directory, name)};`)
  // The user matters to a root only, whose files nobody else may read.
  const user = process.getuid?.() === 0 ? 'user root;\n' : ''
  return `${user}daemon off;
worker_processes 2;
pid ${join(directory, 'nginx.pid')};
events {}
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
${paths.join('\n')}
  server {
    listen 127.0.0.1:${port};
    root ${files};
  }
}
`
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
