import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Instrumentation } from '@opentelemetry/instrumentation'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { PinoInstrumentation } from '@opentelemetry/instrumentation-pino'
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici'
import { didYouMean } from '../config/did-you-mean.ts'
import { diagnostics } from '../diagnostics.ts'
import { messageOf } from '../errors.ts'

/** Instrumentations that come with the package. Records of pino are captured elsewhere; here they get their ids. */
const bundled: Readonly<Record<string, () => Instrumentation>> = {
  http: () => new HttpInstrumentation(),
  undici: () => new UndiciInstrumentation(),
  pino: () => new PinoInstrumentation({ disableLogSending: true }),
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

const bundle = '@opentelemetry/auto-instrumentations-node'

/**
 * Makes the instrumentations asked for by name, the application's own installed ones included.
 *
 * `auto` takes the bundled ones and every known one that is installed together with what it instruments. A name that
 * was asked for and is not installed is said, with the command that installs it; the others are used all the same.
 */
export function loadInstrumentations(names: readonly string[] | 'auto', directory: string): Instrumentation[] {
  const auto = names === 'auto'
  const wanted = auto ? [...Object.keys(bundled), ...Object.keys(known)] : names
  return wanted.flatMap((name) => {
    if (Object.hasOwn(bundled, name)) return [bundled[name]!()]
    const target = known[name]
    if (auto && (target === undefined || !isInstalled(target, directory))) return []
    return loadInstalled(name, directory, auto)
  })
}

/** The modules that instrumentations patch, for the loader hook. */
export function modulesOf(instrumentations: readonly Instrumentation[]): string[] {
  const names = instrumentations.flatMap((instrumentation) => {
    const { _modules: modules = [] } = instrumentation as { _modules?: readonly { readonly name: string }[] }
    return modules.map((module) => module.name)
  })
  return [...new Set(names)]
}

function loadInstalled(name: string, directory: string, quiet: boolean): Instrumentation[] {
  const packageName = `@opentelemetry/instrumentation-${name}`
  const path = resolveFrom(packageName, directory)
  if (path === undefined) {
    if (!quiet) {
      const command = `Run: npm install ${packageName}`
      const isKnown = Object.hasOwn(known, name)
      const hint = isKnown ? command : didYouMean(name, [...Object.keys(bundled), ...Object.keys(known)], command)
      diagnostics.once('warn', `instrumentation "${name}" is not installed. ${hint}`)
    }
    return []
  }
  try {
    const exported: unknown = createRequire(path)(path)
    const found = Object.entries(exported as object).find(([key, value]) => isInstrumentation(key, value))
    if (found !== undefined) return [new (found[1] as new () => Instrumentation)()]
    diagnostics.once('warn', `${packageName} has no instrumentation that could be used.`)
  } catch (error) {
    diagnostics.once('warn', `instrumentation "${name}" could not be loaded: ${messageOf(error)}`)
  }
  return []
}

function isInstrumentation(key: string, value: unknown): boolean {
  return key.endsWith('Instrumentation') && typeof value === 'function'
}

function isInstalled(moduleName: string, directory: string): boolean {
  return (
    resolveFrom(moduleName, directory) !== undefined ||
    resolveFrom(`${moduleName}/package.json`, directory) !== undefined
  )
}

function resolveFrom(moduleName: string, directory: string): string | undefined {
  const require = createRequire(join(directory, 'package.json'))
  try {
    return require.resolve(moduleName)
  } catch {
    // Not at the top of the application's tree: it may still be where the bundle of all instrumentations keeps it.
    if (!moduleName.startsWith('@opentelemetry/instrumentation-')) return undefined
  }
  try {
    return createRequire(require.resolve(bundle)).resolve(moduleName)
  } catch {
    return undefined
  }
}
