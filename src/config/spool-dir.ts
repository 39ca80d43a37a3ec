import { accessSync, constants } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/**
 * Where what waits is kept on disk where nobody says: the user's folder for state, by
 * https://specifications.freedesktop.org/basedir/latest/; where there is no home to write to, one below that for temporary files.
 */
export function defaultSpoolDir(env: Readonly<Record<string, string | undefined>>): string {
  const state = env['XDG_STATE_HOME']
  if (state !== undefined && isAbsolute(state)) return join(state, 'signalbox', 'spool')
  const home = homedir()
  try {
    accessSync(home, constants.W_OK)
    return join(home, '.local', 'state', 'signalbox', 'spool')
  } catch {
    return join(tmpdir(), `signalbox-${process.getuid?.() ?? 'spool'}`, 'spool')
  }
}
