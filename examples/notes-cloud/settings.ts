/** A setting of the service, from the environment. */
export function required(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set`)
  return value
}

/** The port to listen on; 0 takes a free one. */
export const port: number = Number(process.env['PORT'] ?? 0)
