export interface UpArguments { readonly dataDirectory: string; readonly port: number; readonly drives: number; readonly driveDirectories: readonly string[] | undefined }
export function parseArguments(args: readonly string[]): UpArguments {
  const get = (n: string, d: string): string => { const i = args.indexOf(n); return i === -1 ? d : args[i + 1] ?? d }
  return { dataDirectory: get('--data', './data'), port: Number(get('--port', '8000')), drives: Number(get('--nodes', '5')), driveDirectories: undefined }
}
