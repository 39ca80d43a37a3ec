import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { NoAnswerError } from '../../src/transport/answer-handler.ts'
import { createHttpPool, type HttpPool } from '../../src/transport/http-pool.ts'

async function poolTo(listener: RequestListener): Promise<{ readonly pool: HttpPool; readonly server: Server }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const pool = createHttpPool(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces?a=b`)
  onTestFinished(async () => {
    await pool.close()
    server.closeAllConnections()
    server.close()
  })
  return { pool, server }
}

const request = (more: { signal?: AbortSignal; timeoutMs?: number } = {}): Parameters<HttpPool['post']>[0] => ({
  headers: { 'content-type': 'application/x-protobuf' },
  body: Buffer.from('request'),
  signal: new AbortController().signal,
  timeoutMs: 5_000,
  ...more,
})

describe('a pool of connections', () => {
  it('sends a request whole and gives its answer, over one connection again and again', async () => {
    const seen: string[] = []
    const sockets = new Set<unknown>()
    const { pool } = await poolTo((incoming, response) => {
      sockets.add(incoming.socket)
      let body = ''
      incoming.setEncoding('utf8').on('data', (text: string) => (body += text))
      incoming.on('end', () => {
        seen.push(`${incoming.method} ${incoming.url} ${incoming.headers['content-type']} ${body}`)
        response.writeHead(207, { 'retry-after': '3', 'set-cookie': ['a=1', 'b=2'] }).end('some of it')
      })
    })
    for (let times = 0; times < 3; times += 1) {
      const answer = await pool.post(request())
      expect([answer.status, answer.body.toString()]).toEqual([207, 'some of it'])
      expect(['retry-after', 'set-cookie', 'x-none'].map((name) => answer.header(name))).toEqual([
        '3',
        'a=1',
        undefined,
      ])
    }
    expect(seen).toEqual(Array.from({ length: 3 }, () => 'POST /v1/traces?a=b application/x-protobuf request'))
    expect(sockets.size).toBe(1)
  })

  it('passes over what is answered before the answer', async () => {
    const { pool } = await poolTo((_, response) => {
      response.writeProcessing()
      response.writeHead(200).end('taken')
    })
    expect((await pool.post(request())).status).toBe(200)
  })

  it('reads no more of a body than is needed, and closes the connection', async () => {
    let closed: Promise<unknown> | undefined
    const { pool } = await poolTo((incoming, response) => {
      closed = once(incoming.socket, 'close')
      response.writeHead(200)
      const write = (): void =>
        void (!response.destroyed && response.write('x'.repeat(50_000), () => setImmediate(write)))
      write()
    })
    const { status, body } = await pool.post(request())
    expect([status, body.length]).toEqual([200, 65_536])
    expect(await closed).toBeDefined()
  })

  it('takes the head for the answer where its body breaks off, or does not end in time', async () => {
    const { pool } = await poolTo((_, response) => {
      response.writeHead(503, { 'content-length': '100' }).write('half')
      setTimeout(() => response.destroy(), 30)
    })
    expect(await pool.post(request())).toMatchObject({ status: 503, body: Buffer.from('half') })
    const { pool: dripping } = await poolTo((_, response) => {
      response.writeHead(200).write('dr')
    })
    expect(await dripping.post(request({ timeoutMs: 50 }))).toMatchObject({ status: 200, body: Buffer.from('dr') })
  })

  it('says when there is no answer in time, or the request was given up', async () => {
    const { pool } = await poolTo(() => {})
    await expect(pool.post(request({ timeoutMs: 50 }))).rejects.toThrow(new NoAnswerError(50))
    const reason = new Error('given up by the caller')
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), 30)
    await expect(pool.post(request({ signal: controller.signal }))).rejects.toBe(reason)
    await expect(pool.post(request({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
  })

  it('sends nothing that was given up before it could be sent', async () => {
    let arrived = 0
    const { pool } = await poolTo((_, response) => {
      arrived += 1
      response.end()
    })
    for (let times = 0; times < 2; times += 1) {
      const controller = new AbortController()
      const answer = pool.post(request({ signal: controller.signal }))
      controller.abort(new Error('enough'))
      await expect(answer).rejects.toThrow('enough')
    }
    await pool.post(request({ timeoutMs: 3e9 }))
    expect(arrived).toBe(1)
  })

  it('says so in time also where no connection comes about', async () => {
    const tcp = createTcpServer(() => {}).listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const pool = createHttpPool(`https://127.0.0.1:${(tcp.address() as AddressInfo).port}/`)
    onTestFinished(async () => {
      await pool.close()
      tcp.close()
    })
    await expect(pool.post(request({ timeoutMs: 60 }))).rejects.toBeInstanceOf(NoAnswerError)
  })

  it('is used no more once it is closed', async () => {
    const { pool } = await poolTo((_, response) => response.end())
    await pool.post(request())
    await pool.close()
    await expect(pool.post(request())).rejects.toThrow('closed')
  })
})
