/** What the application can be told. */
export type Order =
  | {
      readonly do: 'make'
      readonly from: number
      readonly count: number
      /** Default: as fast as it can. */
      readonly perSecond?: number
      /** Default: a span and a log record for each number. */
      readonly signals?: 'both' | 'traces' | 'logs'
    }
  | { readonly do: 'status' | 'throw' | 'end' }
  | { readonly do: 'flush' | 'stop'; readonly ms: number }
  | { readonly do: 'clock'; readonly byMs: number }
