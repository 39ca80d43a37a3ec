/** A function that runs `run` once, soon, however often it is called until then. */
export function coalesced(schedule: (run: () => void) => void, run: () => void): () => void {
  let isDue = false
  return () => {
    if (isDue) return
    isDue = true
    schedule(() => {
      isDue = false
      run()
    })
  }
}
