import { expect, it } from 'vitest'
import { duplicates } from '../../scripts/check-duplicates.ts'

const copy = (version: string, name?: string): { version: string; name?: string } =>
  name === undefined ? { version } : { version, name }

it('passes one copy of each package', () => {
  const packages = {
    '': copy('0.1.0'),
    'node_modules/@opentelemetry/api': copy('1.10.0'),
    'node_modules/@opentelemetry/core': copy('3.0.0'),
    'node_modules/semver': copy('7.0.0'),
    'node_modules/old/node_modules/semver': copy('5.0.0'),
  }
  expect(duplicates({ packages })).toEqual([])
})

it('names every copy of a package that is nested below another', () => {
  const packages = {
    'node_modules/@opentelemetry/core': copy('3.0.0'),
    'node_modules/@opentelemetry/sdk-node/node_modules/@opentelemetry/core': copy('3.1.0'),
  }
  expect(duplicates({ packages })).toEqual([
    '@opentelemetry/core: node_modules/@opentelemetry/core (3.0.0), ' +
      'node_modules/@opentelemetry/sdk-node/node_modules/@opentelemetry/core (3.1.0)',
  ])
})

it('sees a second copy behind an alias', () => {
  const packages = {
    'node_modules/@opentelemetry/api': copy('1.10.0'),
    'node_modules/otel-api': copy('1.9.0', '@opentelemetry/api'),
  }
  expect(duplicates({ packages })).toHaveLength(1)
})

it('leaves out the aliased decoder and what is nested below it', () => {
  const packages = {
    'node_modules/@opentelemetry/otlp-transformer': copy('0.300.0'),
    'node_modules/@opentelemetry/core': copy('3.0.0'),
    'node_modules/otlp-decoder': copy('0.214.0', '@opentelemetry/otlp-transformer'),
    'node_modules/otlp-decoder/node_modules/@opentelemetry/core': copy('2.6.0'),
  }
  expect(duplicates({ packages })).toEqual([])
})
