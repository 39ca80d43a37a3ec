import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFlyApi, flyTemplate } from '../../../src/instrument/client-spans/fly-api.ts'

describe('the template of a call of Fly', () => {
  it.each([
    ['/v1/apps', '/v1/apps'],
    ['/v1/apps/bm-tenant-1', '/v1/apps/{app_name}'],
    ['/v1/apps/machines/machines', '/v1/apps/{app_name}/machines'],
    ['/v1/apps/a/machines/148e/start', '/v1/apps/{app_name}/machines/{machine_id}/start'],
    ['/v1/apps/a/machines/148e/metadata/tenant', '/v1/apps/{app_name}/machines/{machine_id}/metadata/{key}'],
    ['/v1/apps/a/volumes/vol_1/snapshots', '/v1/apps/{app_name}/volumes/{volume_id}/snapshots'],
    ['/v1/apps/a/certificates/acme.test/check', '/v1/apps/{app_name}/certificates/{hostname}/check'],
    ['/v1/orgs/acme/machines', '/v1/orgs/{org_slug}/machines'],
    ['/v1/platform/regions', '/v1/platform/regions'],
    ['/graphql', '/graphql'],
    ['/v1/apps/a/something/new/42', '/v1/apps/{app_name}/{id}/{id}/{id}'],
    ['/', '/'],
  ])('%s is %s', (path, template) => expect(flyTemplate(path)).toBe(template))

  it('is one of few, whatever ids are called', () => {
    const id = fc.stringMatching(/^[a-zA-Z0-9._~-]{1,20}$/)
    fc.assert(
      fc.property(id, id, (app, machine) => {
        expect(flyTemplate(`/v1/apps/${app}/machines/${machine}/stop`)).toBe(
          '/v1/apps/{app_name}/machines/{machine_id}/stop',
        )
      }),
    )
  })
})

describe('the Fly API', () => {
  const at = (address: string, port?: number): { 'server.address': string; 'server.port'?: number } => ({
    'server.address': address,
    ...(port !== undefined && { 'server.port': port }),
  })

  it('is at the hosts of Fly, and where FLY_FLAPS_BASE_URL says', () => {
    const own = createFlyApi('http://127.0.0.1:4280/')
    expect(['api.machines.dev', '_api.internal', 'api.fly.io'].map((host) => own.isAt(at(host)))).toEqual([
      true,
      true,
      true,
    ])
    expect([own.isAt(at('127.0.0.1', 4280)), own.isAt(at('127.0.0.1', 4281)), own.isAt(at('api.internal'))]).toEqual([
      true,
      false,
      false,
    ])
    expect(createFlyApi('https://flaps.test').isAt(at('flaps.test', 443))).toBe(true)
    expect(createFlyApi(undefined).isAt({})).toBe(false)
  })
})
