/** Number of letters to insert, delete, replace or swap with their neighbour to turn one word into the other. */
function distance(from: string, to: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const cost = from[row - 1] === to[column - 1] ? 0 : 1
      const best = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + cost)
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current[column] = swapped ? Math.min(best, beforePrevious[column - 2]! + 1) : best
    }
    beforePrevious = previous
    previous = current
  }
  return previous[to.length]!
}

const longest = 80

/** The candidate a mistyped word most likely stands for: up to a third of it, and at most 3 letters, may be wrong. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > longest) return undefined
  const typed = word.toLowerCase()
  let best: string | undefined
  let least = Math.min(3, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= least) continue
    const apart = distance(typed, candidate.toLowerCase())
    if (apart >= least) continue
    least = apart
    best = candidate
  }
  return best
}

/** The hint for a mistyped word; without a likely candidate, `otherwise`. */
export function didYouMean(word: string, candidates: Iterable<string>, otherwise: string): string {
  const candidate = closest(word, candidates)
  return candidate === undefined ? otherwise : `Did you mean ${JSON.stringify(candidate)}?`
}
