/** An address, whole or relative, as it may be shown: without what can be a credential, its user and its query. */
export function shownUrl(address: string): string {
  return address.replace(/[?#][\s\S]*$/, '').replace(/^((?:[a-z][a-z\d+.-]*:)?[/\\]{2})[^/\\]*@/i, '$1')
}
