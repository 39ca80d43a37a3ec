// Secrets in every place that an application may put them by mistake.
import { logs, SeverityNumber, SpanStatusCode, trace } from '@opentelemetry/api'
import { logger } from '../../../src/index.ts'

const secret = 'hunter2hunter2'
const tracer = trace.getTracer('secrets')

tracer.startActiveSpan('pay', { attributes: { 'db.password': secret, 'next.page_token': 'page7' } }, (span) => {
  span.addEvent('called', { 'http.request.header.authorization': [`Bearer ${secret}`], attempt: 1 })
  span.recordException(new Error(`cannot connect to postgres://ann:${secret}@db/x`))
  span.setStatus({ code: SpanStatusCode.ERROR, message: `refused: api_key=${secret}` })
  logger.info(
    { card: { pin: `${secret} 1234` }, url: `https://x.test/?token=${secret}` },
    `paid with password="${secret}"`,
  )
  logs.getLogger('secrets').emit({
    severityNumber: SeverityNumber.WARN,
    body: { headers: { cookie: secret } },
    attributes: { apiKey: secret, iban: 'DE89370400440532013000' },
  })
  span.end()
})
