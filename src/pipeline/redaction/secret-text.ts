/** A secret that is known by what it looks like, or by what stands before it. */
export interface SecretText {
  /** What is said to have been there. */
  readonly name: string
  /** Global. Its group `kept`, where it has one, stands before the secret and stays; `name` names it better. */
  readonly pattern: RegExp
}

/** Gives a text back with the names of secrets in their places; itself where it has none. */
export function without(text: string, secrets: readonly SecretText[]): string {
  return secrets.reduce(
    (left, { name, pattern }) =>
      left.replace(pattern, (...found: unknown[]) => {
        const groups = found.at(-1)
        const { kept = '', name: better = name } = (
          typeof groups === 'object' && groups !== null ? groups : {}
        ) as Readonly<Record<string, string | undefined>>
        return `${kept}[Redacted: ${better.toLowerCase()}]`
      }),
    text,
  )
}
