/** What `signalbox help` prints. */
export const usage = `Usage: signalbox <command>

  doctor           checks the configuration, without sending anything
    --live         sends one span and one log record to every backend, and says what the answers mean
    --json         prints one JSON document and nothing else
  help, --help     prints this
  --version        prints the version

The configuration is that of the application: environment variables, and the file that TELEMETRY_CONFIG names.
Exit codes: 0 all is well, 1 a problem was found, 2 the command was used wrongly.
`
