// Addresses of the referee on this server, with the token that this page was opened with: `/referee?token=…`. A browser
// cannot send it in a header when it opens a WebSocket, so it goes the way that the page itself got it.

const token = new URLSearchParams(location.search).get('token');

/** A path with the token, if there is one. */
export const at = (path) => (token === null ? path : `${path}?${new URLSearchParams({ token })}`);

/** The address of the stream's socket. */
export function socketAddress() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${location.host}${at('/stream')}`;
}

/** Whether the server asks for a token that this page does not have: a socket that is refused does not say why. */
export async function isLocked() {
  const answer = await fetch(at('/streaming/stats'), { cache: 'no-store' }).catch(() => null);
  return answer?.status === 401;
}
