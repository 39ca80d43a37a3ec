import { createRequire, isBuiltin, register, syncBuiltinESMExports } from 'node:module'
import { register as registerSync, supportsSyncHooks } from 'import-in-the-middle/register-hooks.mjs'
import { diagnostics } from '../diagnostics.ts'
import { messageOf } from '../errors.ts'

const require = createRequire(import.meta.url)
let hooked = false

/**
 * Lets instrumentations see modules that an application will load with `import`.
 *
 * Only the modules named are intercepted, so that nothing else of the application passes through the loader hook. It
 * stays for the life of the process; a second call changes nothing. `require` needs no hook, Node's own modules neither.
 */
export function hookImports(moduleNames: readonly string[]): void {
  const include = moduleNames.filter((name) => !isBuiltin(name))
  if (hooked || include.length === 0) return
  hooked = true
  try {
    if (supportsSyncHooks()) registerSync({ include })
    else register('import-in-the-middle/hook.mjs', import.meta.url, { data: { include } })
  } catch (error) {
    diagnostics.once('warn', `modules loaded with import are not instrumented: ${messageOf(error)}`)
  }
}

/**
 * Makes the patches of Node's own modules hold for every importer, also those that imported a name earlier.
 *
 * An instrumentation patches such a module when it is first required. The names that ES modules import from it are
 * bindings of their own, which Node brings up to date on request.
 */
export function spreadBuiltinPatches(moduleNames: readonly string[]): void {
  for (const name of moduleNames) if (isBuiltin(name)) require(name)
  syncBuiltinESMExports()
}
