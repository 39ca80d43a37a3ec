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
  process.once('SIGTERM', () => {
    server.close(() => void close())
    server.closeIdleConnections()
  })
}

/** Tells whoever started this process that it is ready. */
export function announce(url: string): void {
  process.send?.({ url }, () => process.channel?.unref())
}
