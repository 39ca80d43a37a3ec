// Puts a hundred requests into the spool of its argument, says so, and lives on.
import { Spool } from '../../../../src/pipeline/spool/spool.ts'

const spool = new Spool({
  path: process.argv[2] as string,
  maxBytes: 1_000_000,
  onEvicted: () => {},
  onAdopted: () => {},
  onTakenOver: () => {},
})
for (let index = 0; index < 100; index += 1) {
  await spool.append({ count: 1, closedAtMs: index, compression: 'none', body: Buffer.from('of a child') })
}
process.send?.('written')
setInterval(() => {}, 1_000)
