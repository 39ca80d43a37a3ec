import type { JWTPayload } from 'jose'

/** The claims of a verified token. */
export type Claims = Readonly<JWTPayload>
