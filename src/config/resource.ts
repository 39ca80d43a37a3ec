import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { SDK_INFO } from '@opentelemetry/core'
import { applicationPackage, nearestPackage } from './package-info.ts'
import type { Env } from './schema.ts'

type Attributes = Readonly<Record<string, string | number>>

/** What one source says about the service. */
export interface ServiceSource {
  readonly serviceName: string | undefined
  readonly resource: Readonly<Record<string, string>> | undefined
}

/** What a resource is made of. */
export interface ResourceInput {
  /** From the weakest source to the strongest. */
  readonly sources: readonly ServiceSource[]
  readonly environment: string | undefined
  readonly env: Env
  readonly cwd: string
  /** The file that Node was started with. */
  readonly entry: string | undefined
}

let processInstanceId: string | undefined

/** The resource of this process: library, process, host, Fly.io machine and service, and what the sources say of it. */
export function resourceOf({ sources, environment, env, cwd, entry }: ResourceInput): Attributes {
  const found = applicationPackage(entry, cwd)
  const environmentName = environment ?? (env['NODE_ENV'] === 'production' ? 'production' : 'development')
  const attributes: Record<string, string | number | undefined> = {
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.version': SDK_INFO['telemetry.sdk.version'],
    'telemetry.distro.name': 'signalbox',
    'telemetry.distro.version': nearestPackage(import.meta.dirname)?.version,
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'host.name': hostname(),
    'service.name': found?.name ?? 'unknown_service:node',
    'service.version': found?.version,
    'service.instance.id': env['FLY_MACHINE_ID'] ?? (processInstanceId ??= randomUUID()),
    'service.namespace': environmentName,
    'deployment.environment.name': environmentName,
    ...flyAttributes(env),
  }
  for (const { resource, serviceName } of sources) {
    Object.assign(attributes, resource)
    if (serviceName !== undefined) attributes['service.name'] = serviceName
  }
  const entries = Object.entries(attributes).filter((each): each is [string, string | number] => each[1] !== undefined)
  return Object.fromEntries(entries)
}

/** What Fly.io says of the machine: https://fly.io/docs/machines/runtime-environment/. */
function flyAttributes(env: Env): Readonly<Record<string, string | undefined>> {
  if (env['FLY_APP_NAME'] === undefined && env['FLY_MACHINE_ID'] === undefined) return {}
  const image = env['FLY_IMAGE_REF']
  return {
    'cloud.provider': 'fly_io',
    'cloud.region': env['FLY_REGION'],
    'host.id': env['FLY_MACHINE_ID'],
    'container.image.name': image?.replace(/(?:@sha256:[0-9a-f]+|:[^:/]+)+$/, ''),
    'fly.app.name': env['FLY_APP_NAME'],
    'fly.image_ref': image,
    'fly.machine.id': env['FLY_MACHINE_ID'],
    'fly.machine.version': env['FLY_MACHINE_VERSION'],
    'fly.process_group': env['FLY_PROCESS_GROUP'],
  }
}
