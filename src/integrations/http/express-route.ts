/** The least of an express request that says which route has matched. */
export interface RoutedRequest {
  baseUrl: string
  route?: unknown
  readonly params?: object
  readonly app?: unknown
}

interface Mount {
  /** The part of the path that a router is mounted on, as it was asked for. */
  readonly base: string
  /** The same as a template; undefined where that cannot be told. */
  readonly template: string | undefined
  readonly params: object
}

/** Where a request is in the tree of routers. */
interface Position {
  route: unknown
  /** The mounts around, the innermost last. */
  readonly mounts: Mount[]
  readonly matched: (template: string | undefined) => void
}

const position = Symbol('signalbox.position')

type Watched = RoutedRequest & { [position]: Position }

/**
 * Calls back with the template of each route that matches, undefined where it cannot be told.
 *
 * Express says which route has matched by setting `request.route`, whose path is relative to the `baseUrl` of that moment:
 * an error that leaves a router takes that with it. `baseUrl` is text of the request; of a router that is mounted on
 * `/tenants/:id` the template is made with the `params` that express has set just before.
 */
export function watchRoute(request: RoutedRequest, matched: Position['matched']): void {
  const { baseUrl, route } = request
  const mounts: Mount[] = [{ base: '', template: '', params: {} }]
  if (baseUrl !== '') mounts.push({ base: baseUrl, template: mountPath(request), params: {} })
  ;(request as Watched)[position] = { route, mounts, matched }
  Object.defineProperties(request, accessors)
}

const accessors: PropertyDescriptorMap & ThisType<Watched> = {
  route: {
    configurable: true,
    enumerable: true,
    get() {
      return this[position].route
    },
    set(route: unknown) {
      const at = this[position]
      at.route = route
      const own = templateOf(route)
      if (own === undefined) return
      const around = at.mounts.at(-1)?.template
      at.matched(around === undefined ? undefined : joined(around, own))
    },
  },
  baseUrl: {
    configurable: true,
    enumerable: true,
    get() {
      return this[position].mounts.at(-1)?.base
    },
    set(given: unknown) {
      // The outermost router leaves what was there before: nothing.
      const base = typeof given === 'string' ? given : ''
      const { mounts } = this[position]
      const before = mounts.length
      while (mounts.length > 1 && !base.startsWith(mounts.at(-1)?.base ?? '')) mounts.pop()
      const around = mounts.at(-1) as Mount
      if (base === around.base) return
      const params = this.params ?? {}
      const own = mountTemplate(base.slice(around.base.length), params, around.params)
      // Left for a mount that was entered before the request was watched: its parameters are not known.
      const isKnown = mounts.length === before && around.template !== undefined
      mounts.push({ base, template: isKnown ? around.template + own : undefined, params })
    },
  },
}

/** The template of what the request is in already when it is first seen: an app knows it, a router does not. */
function mountPath({ baseUrl, app }: RoutedRequest): string | undefined {
  const { path } = (app ?? {}) as { readonly path?: unknown }
  const template: unknown = typeof path === 'function' ? path.call(app) : undefined
  if (typeof template !== 'string') return undefined
  return template.split('/').length === baseUrl.split('/').length ? template : undefined
}

/** The text of a mount with the names of its parameters in the place of their values. */
function mountTemplate(text: string, params: object, around: object): string {
  const segments = text.split('/')
  for (const [name, value] of Object.entries(params)) {
    const values = (Array.isArray(value) ? value : [value]).map((each) => String(each ?? ''))
    if (values.includes('')) continue
    const isAt = (index: number): boolean =>
      values.every((each, offset) => decoded(segments[index + offset] ?? '') === each)
    const at = segments.findIndex((_, index) => isAt(index))
    if (at >= 0) segments.splice(at, values.length, `${Array.isArray(value) ? '*' : ':'}${name}`)
    // A parameter can be a part of its segment; one of a router around (`mergeParams`) has its place there.
    else if ((around as Record<string, unknown>)[name] !== value) {
      const partly = segments.findIndex((segment) => decoded(segment).includes(values[0] as string))
      if (partly >= 0) segments[partly] = `:${name}`
    }
  }
  return segments.join('/')
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function templateOf(route: unknown): string | undefined {
  const { path } = (route ?? {}) as { readonly path?: string | RegExp | readonly (string | RegExp)[] }
  return path === undefined ? undefined : [path].flat().map(String).join('|')
}

function joined(base: string, template: string): string {
  return base !== '' && template === '/' ? base : `${base}${template}`
}
