import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { censorSecrets } from '../../../src/pipeline/redaction/censor-secrets.ts'
import { mayHoldNamedValue, namedValues } from '../../../src/pipeline/redaction/named-values.ts'
import { mayHoldSecretForm, secretForms } from '../../../src/pipeline/redaction/secret-forms.ts'
import { without } from '../../../src/pipeline/redaction/secret-text.ts'

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P'
const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----'
const long = 'aB3/'.repeat(600)

describe('a text is without', () => {
  it.each([
    ['a token behind another word', `auth-${jwt}`, 'auth-[Redacted: jwt]'],
    ['two in one', `a_${jwt} ${jwt}`, 'a_[Redacted: jwt] [Redacted: jwt]'],
    ['what a person would write', 'login failed, password: hunter2', 'login failed, password: [Redacted: password]'],
    ['a header', 'curl -H "X-Api-Key: abc123" x', 'curl -H "X-Api-Key: [Redacted: api-key]" x'],
    ['a header of another scheme', 'Authorization: Token abc123', 'Authorization: Token [Redacted: authorization]'],
    ['one in a setting', 'H=Authorization=Basic dXNlcjpodW50ZXI=', 'H=Authorization=Basic [Redacted: authorization]'],
    ['one too short for its form', 'authorization=Bearer abc', 'authorization=Bearer [Redacted: authorization]'],
    ['a private key by its name', `privateKey=${pem}\nb`, 'privateKey=[Redacted: private_key]\nb'],
    ['one in quotes', `{"privateKey":"${pem}","a":1}`, '{"privateKey":"[Redacted: private_key]","a":1}'],
    ['an address by its name', 'dsn=x://u:p,w@h/x?a=1', 'dsn=[Redacted: dsn]'],
    ['what has a form and goes on', `token=${jwt}:abc&a`, 'token=[Redacted: token]&a'],
    ['and in quotes', `password="${jwt} is mine"`, 'password="[Redacted: password]"'],
    ['cookies', 'GET / Cookie: sid=abc; theme=dark\nnext', 'GET / Cookie: [Redacted: cookie]\nnext'],
    ['what inspect writes', "{ password: 'correct horse', id: 1 }", "{ password: '[Redacted: password]', id: 1 }"],
    ['a number of JSON', '{"password": 123456}', '{"password": [Redacted: password]}'],
    ['a form', 'user[password]=hunter2&a=1', 'user[password]=[Redacted: password]&a=1'],
    ['an encoded form', 'user%5Bpassword%5D=%68unter2', 'user%5Bpassword%5D=[Redacted: password]'],
    ['a statement', "ALTER USER ann PASSWORD 'hun''ter2';", "ALTER USER ann PASSWORD '[Redacted: password]';"],
    ['a hash', 'password_hash=$2b$10$abc', 'password_hash=[Redacted: password_hash]'],
    ['tokens', "tokens='a b'", "tokens='[Redacted: tokens]'"],
    ['a setting of ODBC', 'Server=x;UID=sa;PWD=hunter2;', 'Server=x;UID=sa;PWD=[Redacted: pwd];'],
    ['a signature of Azure', '/f?sv=2020&sig=Zm9v1mFy%3D', '/f?sv=2020&sig=[Redacted: signature]'],
    ['a signature of AWS', 'X-Amz-Signature=abcdef&x=1', 'X-Amz-Signature=[Redacted: signature]&x=1'],
    ['a secret of webhooks', `is whsec_${'aB3d'.repeat(6)}`, 'is [Redacted: webhook_secret]'],
    ['a password with @', 'postgres://ann:p@ss@db/x', 'postgres://ann:[Redacted: url_credentials]@db/x'],
    ['one of a user with @', 'x://ann@home:pass@db', 'x://ann@home:[Redacted: url_credentials]@db'],
    ['a long value', `password="${long}"`, 'password="[Redacted: password]"'],
    ['a long one in JSON in JSON', `"{\\"token\\":\\"${long}\\"}"`, '"{\\"token\\":\\"[Redacted: token]\\"}"'],
    [
      'JSON in JSON in JSON',
      '"{\\\\\\"token\\\\\\":\\\\\\"my phrase\\\\\\",\\\\\\"a\\\\\\":1}"',
      '"{\\\\\\"token\\\\\\":\\\\\\"[Redacted: token]\\\\\\",\\\\\\"a\\\\\\":1}"',
    ],
    [
      'a text with quotes in JSON in JSON',
      '"{\\"token\\":\\"my \\\\\\"own\\\\\\" phrase\\",\\"a\\":1}"',
      '"{\\"token\\":\\"[Redacted: token]\\",\\"a\\":1}"',
    ],
  ])('%s', (_, text, redacted) => {
    expect(censorSecrets(text)).toBe(redacted)
    expect(censorSecrets(redacted)).toBe(redacted)
  })

  it.each([
    'OLDPWD=/srv PWD=/srv/app landsn=x',
    'tokens: 1500, max_token=4096, tokens=12.5',
    'if (token === expected || password == null) return',
    'Unexpected token: punc (})',
    'token: expired, secret: not found, cookie: none',
    '{"url":"https://x.test","email":"ann@x.test"}',
    "{'url':'http://x:80','email':'ann@x.test'}",
    'signature=invalid, design=blue2024x, sigma=12345678',
    'heyJohn.example-host.internal-network.test',
    'the password "must" have 8 characters',
    'password=%s token=${TOKEN} secret=<secret>',
  ])('and this is left as it is: %s', (text) => {
    expect(censorSecrets(text)).toBe(text)
  })
})

it('a text is told from those that have no secret whenever it has one', () => {
  const names =
    'password Token API_KEY passwd tokens PWD dsn secret connectionString cookie Set-Cookie jwt sig value hash'
  const others =
    'Authorization Bearer BASIC X-Amz-Signature hunter2 a=b abcDEF1234567890= sk- ghp_ fm2_ AKIA AIza whsec_'
  const signs = String.raw`= : " ' \" & ? ; ] %5D => :// @ _ - . Pwd old eyJ aB3dE5gH7jaB3dE5gH7jaB3dE5gH7jaB3dE5`
  const parts = [...`${names} ${others} ${signs}`.split(' '), jwt, 'identified by', ' ', ' ', '\n', '\t']
  const part = fc.constantFrom(...parts)
  fc.assert(
    fc.property(fc.array(part, { maxLength: 10 }), (parts) => {
      const text = parts.join('')
      expect([text, mayHoldNamedValue.test(text) || without(text, namedValues) === text]).toEqual([text, true])
      expect([text, mayHoldSecretForm.test(text) || without(text, secretForms) === text]).toEqual([text, true])
    }),
    { numRuns: 5_000 },
  )
})
