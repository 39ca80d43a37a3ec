import { inspect } from 'node:util'

const masked = '***'
const values = new WeakMap<Secret, string>()

/** A value that must not be seen: printing, inspecting, serialising or spreading it shows `***` or nothing. */
export class Secret {
  constructor(value: string) {
    values.set(this, value)
    Object.freeze(this)
  }

  /** The value itself; to be called only where it is sent. */
  reveal(): string {
    return values.get(this) ?? ''
  }

  toString(): string {
    return masked
  }

  toJSON(): string {
    return masked
  }
}

Object.defineProperty(Secret.prototype, inspect.custom, { value: () => masked })
