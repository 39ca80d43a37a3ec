import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { logger } from 'signalbox'
import { port } from './settings.ts'

/** Listens, tells whoever started this process where, and ends in good order on SIGTERM. */
export async function serve(server: Server, close: () => Promise<void> = async () => {}): Promise<void> {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(port, resolve))
  const address = server.address() as AddressInfo
  logger.info({ 'server.port': address.port }, 'listening')
  announce(`http://127.0.0.1:${address.port}`)
  untilTold(() => {
    server.close(() => void close())
    server.closeIdleConnections()
  })
}

/** Calls back once when the process is to end: on SIGTERM, or when whoever started it has gone. */
export function untilTold(end: () => void): void {
  let told = false
  const tell = (): void => {
    if (!told) end()
    told = true
  }
  process.once('SIGTERM', tell)
  process.once('disconnect', tell)
}

/** Tells whoever started this process that it is ready. */
export function announce(url: string): void {
  process.send?.({ url })
  process.channel?.unref()
}
