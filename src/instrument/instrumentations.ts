import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Attributes, context } from '@opentelemetry/api'
import { isTracingSuppressed } from '@opentelemetry/core'
import type { Instrumentation } from '@opentelemetry/instrumentation'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { PinoInstrumentation } from '@opentelemetry/instrumentation-pino'
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node'
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici'
import { pgOptions } from './client-spans/pg-hooks.ts'
import { redisOptions } from './client-spans/redis-text.ts'
import { didYouMean } from '../config/did-you-mean.ts'
import { diagnostics } from '../diagnostics.ts'
import { messageOf } from '../errors.ts'

/** Instrumentations that come with the package. Records of pino are captured elsewhere; here they get their ids. */
const bundled: Readonly<Record<string, () => Instrumentation>> = {
  http: () => new HttpInstrumentation({ startOutgoingSpanHook: proxiedAddress }),
  // Our own deliveries are no requests of the application: they have no spans, and are not in its durations either.
  undici: () => new UndiciInstrumentation({ ignoreRequestHook: () => isTracingSuppressed(context.active()) }),
  'runtime-node': () => new RuntimeNodeInstrumentation(),
  pino: () => new PinoInstrumentation({ disableLogSending: true }),
}

/** Through a forward proxy the path is the whole URL: who gets the request is the host in it, not the proxy. */
function proxiedAddress({ path }: { readonly path?: string | null | undefined }): Attributes {
  if (typeof path !== 'string' || !/^https?:\/\//i.test(path)) return {}
  return { 'server.address': URL.canParse(path) ? new URL(path).hostname : 'unknown' }
}

/** What `auto` looks for in the application, beside the bundled ones: the name, and the module it instruments. */
const known: Readonly<Record<string, string>> = {
  amqplib: 'amqplib',
  'aws-sdk': '@aws-sdk/client-s3',
  connect: 'connect',
  express: 'express',
  fastify: 'fastify',
  graphql: 'graphql',
  grpc: '@grpc/grpc-js',
  hapi: '@hapi/hapi',
  ioredis: 'ioredis',
  kafkajs: 'kafkajs',
  knex: 'knex',
  koa: 'koa',
  mongodb: 'mongodb',
  mongoose: 'mongoose',
  mysql: 'mysql',
  mysql2: 'mysql2',
  'nestjs-core': '@nestjs/core',
  pg: 'pg',
  redis: 'redis',
  restify: 'restify',
  router: 'router',
  tedious: 'tedious',
}

type Constructor = new (options?: object) => Instrumentation

/** What an instrumentation is told that is not its default. */
const optionsOf: Readonly<Record<string, object>> = {
  ioredis: redisOptions,
  pg: pgOptions,
  redis: redisOptions,
}

const bundle = '@opentelemetry/auto-instrumentations-node'

/**
 * Makes the instrumentations asked for by name, the application's own installed ones included.
 *
 * `auto` takes the bundled ones and every known one that is installed together with what it instruments. A name that
 * was asked for and is not installed is said, with the command that installs it; the others are used all the same.
 * `folders` are where the application's modules are looked for, one after the other.
 */
export function loadInstrumentations(names: readonly string[] | 'auto', folders: readonly string[]): Instrumentation[] {
  const auto = names === 'auto'
  const wanted = auto ? [...Object.keys(bundled), ...Object.keys(known)] : names
  return wanted.flatMap((name) => {
    const target = known[name]
    const isWanted = !auto || Object.hasOwn(bundled, name) || (target !== undefined && isInstalled(target, folders))
    const instrumentation = isWanted ? make(name, folders, auto) : undefined
    return instrumentation === undefined ? [] : [instrumentation]
  })
}

/** Those made so far: only the instance that has seen a module load can patch it again after a stop. */
const made = new Map<string, Instrumentation>()

function reused(key: string, create: () => Instrumentation): Instrumentation {
  const before = made.get(key)
  before?.enable()
  const instrumentation = before ?? create()
  made.set(key, instrumentation)
  return instrumentation
}

function make(name: string, folders: readonly string[], quiet: boolean): Instrumentation | undefined {
  return Object.hasOwn(bundled, name) ? reused(name, bundled[name]!) : loadInstalled(name, folders, quiet)
}

/** The modules that instrumentations patch, for the loader hook. */
export function modulesOf(instrumentations: readonly Instrumentation[]): string[] {
  const names = instrumentations.flatMap((instrumentation) => {
    const { _modules: modules = [] } = instrumentation as { _modules?: readonly { readonly name: string }[] }
    return modules.map((module) => module.name)
  })
  return [...new Set(names)]
}

function loadInstalled(name: string, folders: readonly string[], quiet: boolean): Instrumentation | undefined {
  const packageName = `@opentelemetry/instrumentation-${name}`
  const path = resolveFrom(packageName, folders)
  if (path === undefined) {
    if (!quiet) {
      const command = `Run: npm install ${packageName}`
      const isKnown = Object.hasOwn(known, name)
      const hint = isKnown ? command : didYouMean(name, [...Object.keys(bundled), ...Object.keys(known)], command)
      diagnostics.once('warn', `instrumentation "${name}" is not installed. ${hint}`)
    }
    return undefined
  }
  try {
    const exported: unknown = createRequire(path)(path)
    const found = Object.entries(exported as object).find(([key, value]) => isInstrumentation(key, value))
    const options = optionsOf[name]
    if (found !== undefined) return reused(path, () => new (found[1] as Constructor)(options))
    diagnostics.once('warn', `${packageName} has no instrumentation that could be used.`)
  } catch (error) {
    diagnostics.once('warn', `instrumentation "${name}" could not be loaded: ${messageOf(error)}`)
  }
  return undefined
}

function isInstrumentation(key: string, value: unknown): boolean {
  return key.endsWith('Instrumentation') && typeof value === 'function'
}

function isInstalled(moduleName: string, folders: readonly string[]): boolean {
  return [moduleName, `${moduleName}/package.json`].some((wanted) => resolveFrom(wanted, folders) !== undefined)
}

function resolveFrom(moduleName: string, folders: readonly string[]): string | undefined {
  for (const folder of folders) {
    const require = createRequire(join(folder, 'package.json'))
    const found = resolved(require, moduleName)
    if (found !== undefined) return found
    // Not at the top of the application's tree: it may still be where the bundle of all instrumentations keeps it.
    const inBundle = moduleName.startsWith('@opentelemetry/instrumentation-') ? resolved(require, bundle) : undefined
    const nested = inBundle === undefined ? undefined : resolved(createRequire(inBundle), moduleName)
    if (nested !== undefined) return nested
  }
  return undefined
}

function resolved(require: NodeJS.Require, moduleName: string): string | undefined {
  try {
    return require.resolve(moduleName)
  } catch {
    return undefined
  }
}
