import type { Attributes } from '@opentelemetry/api'
import type { EndedSpan } from './ended-span.ts'

/** What the node of the Fly API is called in a service map. */
export const flyPeerName = 'fly-machines-api'

/** Where the Fly APIs are: https://fly.io/docs/machines/api/working-with-machines-api/. */
export const flyApiHosts: readonly string[] = ['api.machines.dev', '_api.internal', 'api.fly.io']

/** Tells whether a span is a call of Fly's API. */
export interface FlyApi {
  readonly isAt: (attributes: Attributes) => boolean
}

/** Knows Fly's own hosts and the base URL that takes their place. */
export function createFlyApi(baseUrl: string | undefined): FlyApi {
  const own = baseUrl === undefined ? undefined : addressOf(baseUrl)
  return {
    isAt: ({ 'server.address': address, 'server.port': port }) => {
      if (typeof address !== 'string') return false
      return flyApiHosts.includes(address) || (own !== undefined && address === own.address && port === own.port)
    },
  }
}

function addressOf(url: string): { readonly address: string; readonly port: number } {
  const { hostname, port, protocol } = new URL(url)
  return { address: hostname, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) }
}

/** What follows a collection in a path: the id of one of its members. */
const members: Readonly<Record<string, string>> = {
  apps: '{app_name}',
  certificates: '{hostname}',
  ip_assignments: '{ip}',
  machines: '{machine_id}',
  metadata: '{key}',
  orgs: '{org_slug}',
  secretkeys: '{secret_name}',
  secrets: '{secret_name}',
  volumes: '{volume_id}',
}

/** What stands in the paths of the API beside ids; anything else is taken for an id. */
const verbs =
  'acme check cordon custom deploy_token events exec extend graphql kms lease memory oidc placements platform ps reclaim ' +
  'regions release restart signal snapshots start stop suspend tokens uncordon v1 versions wait'
const words = new Set([...Object.keys(members), ...verbs.split(' ')])

const maxSegments = 12

/** The template of a path of the Machines API: `/v1/apps/{app_name}/machines`. Ids never get into it, whatever they are. */
export function flyTemplate(path: string): string {
  const segments = path.split('/').slice(1, maxSegments + 1)
  const named: string[] = []
  for (const [index, segment] of segments.entries()) {
    const collection = index === 0 ? undefined : segments[index - 1]
    const isMember = collection !== undefined && named[index - 1] === collection && Object.hasOwn(members, collection)
    named.push(isMember ? (members[collection] as string) : words.has(segment) || segment === '' ? segment : '{id}')
  }
  return `/${named.join('/')}`
}

/** Names a call by its route, so that a thousand machines are one operation, and says whose node of the map it is. */
export function nameFlyCall(span: EndedSpan): void {
  const { attributes } = span
  const path = attributes['url.path'] ?? pathOf(attributes['url.full'])
  attributes['peer.service'] ??= flyPeerName
  if (typeof path !== 'string') return
  const template = flyTemplate(path)
  attributes['url.template'] ??= template
  const method = attributes['http.request.method']
  span.name = typeof method === 'string' ? `${method} ${template}` : template
  const [, appName] = /^\/v1\/apps\/([^/]+)/.exec(path) ?? []
  if (appName !== undefined) attributes['fly.target.app.name'] ??= appName
}

function pathOf(url: unknown): string | undefined {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).pathname : undefined
}
