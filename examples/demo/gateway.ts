// The edge: learns who is asking from the token, and passes the request on. The tenant goes with it by itself.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { logger, setTenant, tenant } from 'signalbox'

const accounts: Readonly<Record<string, { id: string; userId: string; appName: string }>> = {
  'token-of-acme': { id: '4b7c6b1e-acme', userId: 'user_ann', appName: 'bm-tenant-acme' },
  'token-of-bolt': { id: '9d20e3f8-bolt', userId: 'user_bob', appName: 'bm-tenant-bolt' },
}

const server = createServer((request, response) => {
  void (async () => {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    const account = accounts[token]
    if (account === undefined) {
      logger.warn('refused: unknown token')
      return response.writeHead(401).end()
    }
    setTenant(tenant(account))
    logger.info({ path: request.url }, 'request accepted')
    const answer = await fetch(`${process.env['API_URL']}${request.url}`)
    if (!answer.ok) logger.error({ status: answer.status }, 'the api failed')
    return response.writeHead(answer.status).end(await answer.text())
  })()
})

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => server.close())
