/**
 * npm keeps an argument for itself unless it comes behind `--`: `npm start --port=9000` would start on another port, and
 * `npm start --data=DIR` on another directory, without a word. It tells what it kept in the environment.
 */

/**
 * @param {string} command
 * @param {readonly string[]} names
 */
export function refuseWhatNpmTook(command, names) {
  const name = names.find((each) => process.env[`npm_config_${each}`] !== undefined)
  if (name === undefined) return
  process.stderr.write(`npm keeps --${name} for itself; two dashes hand it on: ${command} -- --${name} …\n`)
  process.exit(2)
}
