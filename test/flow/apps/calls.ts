// Calls one server under several names with every client, and prints nothing: the server tells what it got.
import { get } from 'node:http'
import { request as undiciRequest } from 'undici'
import { tenant, withTenant } from '../../../src/index.ts'

const targets = process.argv.slice(2)
const acme = tenant({ id: 'acme', userId: 'ann', email: 'ann@acme.test' })

function httpGet(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, (response) => response.resume().on('end', resolve)).on('error', reject)
  })
}

await withTenant(acme, async () => {
  for (const target of targets) {
    await (await fetch(`${target}/fetch`)).text()
    await (await undiciRequest(`${target}/undici`)).body.text()
    await httpGet(`${target}/http`)
  }
})
