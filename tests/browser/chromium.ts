/**
 * A real browser: Debian's chromium, which is installed where it is missing and may be. It runs without a screen, in a profile of
 * its own, and asks nobody anything by itself.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking']
const INSTALL_MS_MAX = 300_000

/** Its path, or why there is none. */
export function chromiumPath(): { readonly path: string } | { readonly missing: string } {
  const found = inPath()
  if (found !== undefined) return { path: found }
  if (process.getuid?.() !== 0) return { missing: 'chromium is not installed, and only root may install it' }
  const apt = (...given: string[]): boolean => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    return spawnSync('apt-get', ['-qq', ...given], { env, stdio: 'ignore', timeout: INSTALL_MS_MAX }).status === 0
  }
  const isInstalled = apt('update') && apt('install', '-y', '--no-install-recommends', 'chromium')
  const path = isInstalled ? inPath() : undefined
  return path === undefined ? { missing: 'chromium is not installed, and apt-get could not install it' } : { path }
}

export async function openBrowser(executablePath: string): Promise<Browser> {
  return await chromium.launch({ executablePath, args: FLAGS })
}

function inPath(): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(delimiter)
  return NAMES.flatMap((name) => directories.map((directory) => join(directory, name))).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
