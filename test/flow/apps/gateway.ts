// The first of two services: knows the tenant, calls the next service, which does not.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { logger, setTenant, tenant } from '../../../src/index.ts'

const server = createServer((request, response) => {
  void (async () => {
    const url = new URL(request.url ?? '/', 'http://gateway')
    setTenant(tenant({ id: url.searchParams.get('tenant') ?? 'nobody', userId: 'u-1', email: 'u@acme.test' }))
    logger.info('calling the api')
    const answer = await fetch(`${process.env['API_URL']}/notes?q=x`)
    response.end(await answer.text())
  })()
})
server.listen(0, '127.0.0.1', () => console.log(`listening ${(server.address() as AddressInfo).port}`))
