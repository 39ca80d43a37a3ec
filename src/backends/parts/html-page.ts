const beginning = /^\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html)\b/i

/** True where a body is a page for people: no receiver of OTLP answers with one, whatever its status. */
export function isHtmlPage(body: string, contentType: string | undefined): boolean {
  return beginning.test(body) || (/^\s*text\/html\b/i.test(contentType ?? '') && body.trim() !== '')
}

/** What to do where a page came with a status of success. */
export const htmlPageHint: string =
  'A web page came back, not the answer of a receiver: check the endpoint, and whether a proxy or a login stands before it.'
