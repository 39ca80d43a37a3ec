import { isBuiltin, register } from 'node:module'
import { register as registerSync, supportsSyncHooks } from 'import-in-the-middle/register-hooks.mjs'
import { diagnostics } from '../diagnostics.ts'
import { messageOf } from '../errors.ts'

let hooked = false

/**
 * Lets instrumentations see modules that an application loads with `import`.
 *
 * Only the modules named are intercepted, so that nothing else of the application passes through the loader hook. It
 * stays for the life of the process; a second call changes nothing. `require` needs no hook.
 */
export function hookImports(moduleNames: readonly string[]): void {
  if (hooked || moduleNames.length === 0) return
  hooked = true
  const include = moduleNames.flatMap((name) => (isBuiltin(name) ? [name, `node:${name}`] : [name]))
  try {
    if (supportsSyncHooks()) registerSync({ include })
    else register('import-in-the-middle/hook.mjs', import.meta.url, { data: { include } })
  } catch (error) {
    diagnostics.once('warn', `modules loaded with import are not instrumented: ${messageOf(error)}`)
  }
}
