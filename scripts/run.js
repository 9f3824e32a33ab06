/** Runs a program in the place of this process, as nearly as one process can stand for another. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/**
 * Signals go to the program, and its exit code becomes this process's.
 * @param {string} command
 * @param {string[]} args
 * @param {'inherit' | 'pipe'} stdout
 */
export function run(command, args, stdout = 'inherit') {
  const program = spawn(command, args, { stdio: ['inherit', stdout, 'inherit'] })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => program.kill(signal))
  program.on('error', (error) => {
    process.stderr.write(`${command} could not be started: ${error.message}\n`)
    process.exitCode = 1
  })
  program.on('close', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal]
  })
  return program
}
