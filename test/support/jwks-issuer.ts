import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose'

/** How the next requests for the keys are answered. */
export type KeysAnswer = 'keys' | 'error' | 'hang' | 'rubbish'

export interface SignOptions {
  /** Default: the issuer's URL; `null` leaves `iss` out. */
  readonly issuer?: string | null
  /** Seconds from now, negative for the past; `null` leaves `exp` out. Default: 300. */
  readonly expiresInSeconds?: number | null
  /** Seconds from now. Default: no `nbf`. */
  readonly notBeforeSeconds?: number
  /** Default: that of the newest key. */
  readonly kid?: string
  /** Sign with this instead of the newest key. */
  readonly key?: CryptoKey | Uint8Array
  /** Default: `RS256`. */
  readonly algorithm?: string
  /** Further fields of the protected header. */
  readonly header?: Readonly<Record<string, unknown>>
}

/** An issuer of access tokens with a JWKS endpoint, on loopback: what WorkOS AuthKit is to a service. */
export interface JwksIssuer {
  readonly issuer: string
  readonly jwksUrl: string
  /** How often the keys were asked for. */
  readonly fetches: number
  /** The headers of each of these requests. */
  readonly asked: readonly IncomingHttpHeaders[]
  sign(claims: Readonly<Record<string, unknown>>, options?: SignOptions): Promise<string>
  /** Makes a new key; the ones before it are published on, unless they are withdrawn. */
  rotate(options?: { readonly withdraw?: boolean }): Promise<void>
  answer(answer: KeysAnswer): void
  /** The newest public key, as PEM: what an attacker would sign with by HS256. */
  publicKeyPem(): Promise<string>
  close(): Promise<void>
}

interface Pair {
  readonly kid: string
  readonly publicKey: CryptoKey
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

export async function startJwksIssuer(): Promise<JwksIssuer> {
  let made = 0
  const asked: IncomingHttpHeaders[] = []
  let answer: KeysAnswer = 'keys'
  const makePair = async (): Promise<Pair> => {
    made += 1
    const kid = `key-${made}`
    const { publicKey, privateKey } = await generateKeyPair('RS256')
    return { kid, publicKey, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } }
  }
  let newest = await makePair()
  let published = [newest]
  const server = createServer((request, response) => {
    asked.push(request.headers)
    if (answer === 'hang') return
    if (answer === 'error') return response.writeHead(503).end()
    response.setHeader('content-type', 'application/json')
    return response.end(answer === 'rubbish' ? '<html>' : JSON.stringify({ keys: published.map(({ jwk }) => jwk) }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    jwksUrl: `${issuer}/oauth2/jwks`,
    get fetches() {
      return asked.length
    },
    asked,
    sign: (claims, options = {}) => {
      const now = Math.floor(Date.now() / 1_000)
      const { expiresInSeconds = 300, notBeforeSeconds, header = {} } = options
      const token = new SignJWT({ ...claims })
      token.setProtectedHeader({ alg: options.algorithm ?? 'RS256', kid: options.kid ?? newest.kid, ...header })
      token.setIssuedAt(now)
      if (options.issuer !== null) token.setIssuer(options.issuer ?? issuer)
      if (expiresInSeconds !== null) token.setExpirationTime(now + expiresInSeconds)
      if (notBeforeSeconds !== undefined) token.setNotBefore(now + notBeforeSeconds)
      return token.sign(options.key ?? newest.privateKey)
    },
    rotate: async ({ withdraw = false } = {}) => {
      newest = await makePair()
      published = withdraw ? [newest] : [...published, newest]
    },
    answer: (next) => {
      answer = next
    },
    publicKeyPem: () => exportSPKI(newest.publicKey),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}
