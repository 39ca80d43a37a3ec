import type { Context, ContextManagementToken } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { enter } from './request.ts'

/** The official context manager, giving every context it makes active the scope its span belongs to. */
export class ScopedContextManager extends AsyncLocalStorageContextManager {
  override with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return super.with(enter(context), fn, thisArg, ...args)
  }

  override attach(context: Context): ContextManagementToken {
    return super.attach(enter(context))
  }
}
