// Calls through a forward proxy on this machine: the path is the whole URL.
import { get } from 'node:http'
import { tenant, withTenant } from '../../../src/index.ts'

const port = Number(process.argv[2])

await withTenant(tenant({ id: 'acme' }), async () => {
  for (const path of ['http://third-party.example/x', 'http://api.internal/x', '/direct']) {
    await new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, path }, (response) => response.resume().on('end', resolve)).on('error', reject)
    })
  }
})
