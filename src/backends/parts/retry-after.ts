const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const month = `(?<month>${months.join('|')})`
const time = '(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})'

/** The three forms of a date in HTTP; the last two are of the last century, and still have to be read. */
const forms = [
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d{2}) ${month} (?<year>\\d{4}) ${time} GMT$`),
  new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d{2})-${month}-(?<year>\\d{2}) ${time} GMT$`),
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${month} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
]

/**
 * `Retry-After`, in milliseconds from now; undefined where it is neither a number of seconds nor a date.
 *
 * By https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3: what is not of these forms says nothing, however much a
 * lenient parser makes of it.
 */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  const given = value?.trim() ?? ''
  if (/^\d+$/.test(given)) {
    const ms = Number(given) * 1_000
    return Number.isFinite(ms) ? ms : undefined
  }
  const date = httpDateMs(given, nowMs)
  return date === undefined ? undefined : Math.max(0, date - nowMs)
}

/** A date in one of the forms of https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7, in milliseconds since 1970. */
export function httpDateMs(text: string, nowMs: number): number | undefined {
  const found = forms.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined)
  if (found === undefined) return undefined
  const part = (name: string): number => Number(found[name])
  const at = (year: number): number =>
    Date.UTC(year, months.indexOf(found['month'] ?? ''), part('day'), part('hour'), part('minute'), part('second'))
  if (found['year']?.length === 4) return at(part('year'))
  // Two digits are of the past where they would be more than fifty years ahead.
  const thisYear = new Date(nowMs).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + part('year')
  return at(year > thisYear + 50 ? year - 100 : year)
}
