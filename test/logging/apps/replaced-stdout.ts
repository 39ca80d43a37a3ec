import { configureLogging, defaultLoggingSettings, logger } from '../../../src/logging/logger.ts'

const seen: string[] = []
process.stdout.write = (text: string) => seen.push(text) > 0
logger.info('to the replacement')
configureLogging({ ...defaultLoggingSettings, stdout: false })
logger.info('to nobody')
configureLogging(defaultLoggingSettings)
logger.info('again')
process.stderr.write(JSON.stringify(seen.map((line) => (JSON.parse(line) as { msg: string }).msg)))
