// Takes the secrets out of texts that are made to take long, and says before each which one it is.
import { writeSync } from 'node:fs'
import { createRedactor } from '../../../../src/logging/redact.ts'
import { censorSecrets } from '../../../../src/pipeline/redaction/censor-secrets.ts'
import { KeyRules } from '../../../../src/pipeline/redaction/key-rules.ts'
import { mayHoldNamedValue, namedValues } from '../../../../src/pipeline/redaction/named-values.ts'
import { mayHoldSecretForm, secretForms } from '../../../../src/pipeline/redaction/secret-forms.ts'

const secretTexts = [...namedValues, ...secretForms]
const size = 256 * 1024

/** How secrets of each name begin, whole or in part. */
const beginnings: Readonly<Record<string, readonly string[]>> = {
  private_key: ['-----BEGIN ', '-----BEGIN A PRIVATE KEY-----'],
  jwt: ['eyJ', 'eyJaaaaaaaa.', 'eyJaaaaaaaa.aaaaaaaa'],
  authorization: ['Bearer ', 'basic', 'Basic a'],
  url_credentials: ['://', '://a:', '://a:b@'],
  value: ['password', 'password=', '"token":"', '\\"token\\":\\"', 'max_token='],
  cookie: ['cookie:', 'cookie: a'],
  password: ['password ', "identified by '"],
  signature: ['sig=', 'x-amz-signature='],
  grafana_token: ['glc_'],
  logfire_token: ['pylf_v1', 'pylf_v1_a'],
  github_token: ['ghp_', 'github_pat_'],
  aws_access_key: ['AKIA'],
  slack_token: ['xoxb-'],
  webhook_secret: ['whsec_'],
  api_key: ['sk-', 'sk_live_', 'AIza'],
  npm_token: ['npm_'],
  fly_token: ['fm1_'],
}
const between = ['', '-', '.', '_', '/', ':', ' ', '"', "'", '@', '=', '\\']

const unknown = secretTexts.filter(({ name }) => !Object.hasOwn(beginnings, name))
if (unknown.length > 0) throw new Error(`no hostile text for ${unknown.map(({ name }) => name).join(', ')}`)

function timed(what: string, text: string, look: (text: string) => unknown): void {
  writeSync(1, `${what} in ${JSON.stringify(text.slice(0, 60))}\n`)
  look(text)
}

const rules = new KeyRules([], [])
const redactLine = createRedactor(['ssn', 'a.b'])

for (const [name, starts] of Object.entries(beginnings)) {
  const patterns = secretTexts.filter((secret) => secret.name === name)
  for (const start of starts) {
    for (const separator of between) {
      const unit = start + separator
      const texts = [`-${unit.repeat(size / unit.length)}`]
      if (separator !== '') texts.push(start + separator.repeat(size), start + `a${separator}`.repeat(size / 2))
      for (const text of texts) {
        timed('a name', text, (hostile) => mayHoldNamedValue.test(hostile))
        timed('a form', text, (hostile) => mayHoldSecretForm.test(hostile))
        for (const { pattern } of patterns) timed(name, text, (hostile) => hostile.replace(pattern, ''))
      }
    }
    const all = `${start}-`.repeat(size / (start.length + 1))
    timed('anything', all, censorSecrets)
    timed('a key', all, (hostile) => rules.of(hostile))
    timed('a line', all, (hostile) => redactLine(JSON.stringify({ [hostile]: hostile })))
    timed('a broken line', all, (hostile) => redactLine(`{"${hostile}":"`))
  }
}
