import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { problemOf, resolve } from './support.ts'

function tree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'signalbox-resource-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  return root
}

const app = JSON.stringify({ name: '@acme/orders', version: '1.2.3' })

describe('the service', () => {
  it('is the nearest package.json with a name, from the entry file upwards', () => {
    const cwd = tree({
      'package.json': '{"name":"outer","version":"9"}',
      'app/package.json': app,
      'app/dist/package.json': '{"type":"module"}',
      'app/dist/main.js': '',
    })
    const { resource } = resolve({}, undefined, { cwd, entry: join(cwd, 'app/dist/main.js') })
    expect([resource['service.name'], resource['service.version']]).toEqual(['@acme/orders', '1.2.3'])
    expect(resolve({}, undefined, { cwd }).resource['service.name']).toBe('outer')
    const tool = join(cwd, 'app/node_modules/tool/cli.js')
    expect(resolve({}, undefined, { cwd, entry: tool }).resource['service.name']).toBe('outer')
  })

  it('is unknown where there is none, or it is broken', () => {
    expect(resolve({}, undefined, { cwd: tree({ 'package.json': '{' }) }).resource).toMatchObject({
      'service.name': 'unknown_service:node',
    })
  })

  it('takes its name from the strongest source', () => {
    const attributes = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=from-attributes,service.version=2' }
    const named = { ...attributes, OTEL_SERVICE_NAME: 'from-name' }
    const nameOf = (env: Record<string, string>, code?: unknown): unknown => resolve(env, code).resource['service.name']
    expect(nameOf(attributes)).toBe('from-attributes')
    expect(nameOf(named)).toBe('from-name')
    expect(nameOf(named, { resource: { 'service.name': 'from-code' } })).toBe('from-code')
    expect(nameOf(named, { resource: { 'service.name': 'x' }, serviceName: 'from-code' })).toBe('from-code')
    expect(resolve(named, { resource: { team: 'a' } }).resource).toMatchObject({ 'service.version': '2', team: 'a' })
  })

  it('has an environment', () => {
    const of = (env: Record<string, string>, code?: unknown): unknown[] => {
      const { resource } = resolve(env, code)
      return [resource['service.namespace'], resource['deployment.environment.name']]
    }
    expect(of({})).toEqual(['development', 'development'])
    expect(of({ NODE_ENV: 'production' })).toEqual(['production', 'production'])
    expect(of({ NODE_ENV: 'production', TELEMETRY_ENVIRONMENT: 'staging' })).toEqual(['staging', 'staging'])
    expect(of({ TELEMETRY_ENVIRONMENT: 'staging' }, { environment: 'test' })).toEqual(['test', 'test'])
    expect(of({ TELEMETRY_ENVIRONMENT: 'staging', OTEL_RESOURCE_ATTRIBUTES: 'service.namespace=shop' })).toEqual([
      'shop',
      'staging',
    ])
  })

  it('says which library, process and host it is', () => {
    const { resource } = resolve()
    expect(resource).toMatchObject({
      'telemetry.sdk.language': 'nodejs',
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
      'telemetry.distro.name': 'signalbox',
      'telemetry.distro.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
      'process.pid': process.pid,
      'process.runtime.name': 'nodejs',
      'process.runtime.version': process.versions.node,
      'host.name': hostname(),
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect(resolve().resource['service.instance.id']).toBe(resource['service.instance.id'])
  })

  it('says which machine of Fly.io it is on', () => {
    const { resource } = resolve({
      FLY_APP_NAME: 'bm-tenant-2b1c',
      FLY_MACHINE_ID: '148e21ea7d46e8',
      FLY_REGION: 'fra',
      FLY_MACHINE_VERSION: '01H',
      FLY_PROCESS_GROUP: 'web',
      FLY_IMAGE_REF: 'registry.test:5000/bm-tenant:deployment-01H@sha256:abc123',
    })
    expect(resource).toMatchObject({
      'cloud.provider': 'fly_io',
      'cloud.region': 'fra',
      'host.id': '148e21ea7d46e8',
      'service.instance.id': '148e21ea7d46e8',
      'container.image.name': 'registry.test:5000/bm-tenant',
      'fly.app.name': 'bm-tenant-2b1c',
      'fly.machine.id': '148e21ea7d46e8',
      'fly.machine.version': '01H',
      'fly.process_group': 'web',
    })
    expect(Object.keys(resolve().resource).filter((key) => /^(?:fly|cloud)\./.test(key))).toEqual([])
  })

  it('is not started with attributes that cannot be decoded', () => {
    expect(problemOf({ OTEL_RESOURCE_ATTRIBUTES: 'team=a,city=K%F6ln' })).toMatch(
      /^OTEL_RESOURCE_ATTRIBUTES: "team=a,city=K%F6ln" has a "%" in the value of "city" that begins no percent-encoded character\./,
    )
  })
})
