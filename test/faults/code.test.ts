import { expect, it } from 'vitest'
import { Scene } from './scene.ts'

it.each(['throws', 'rejects', 'hangs', 'rubbish'])('24 a backend of the application`s own that %s', async (how) => {
  const scene = await Scene.open()
  const app = await scene.app({ CUSTOM: how })
  await app.make(0, 500)
  await app.settled()
  const { stored } = await app.status()
  for (const name of stored) {
    const signal = scene.faulty.stored(name.startsWith('s') ? 'traces' : 'logs') as Map<string, number>
    signal.set(name, (signal.get(name) ?? 0) + 1)
  }
  await scene.book(app)
  await app.end()
  expect(scene.conclude(`24 a backend whose own code ${how}, three times`)).toEqual([])
})
