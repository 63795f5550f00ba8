import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A TCP connection to the server of a URL, for what no HTTP client would send. */
async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  return socket;
}

/** Sends bytes and answers everything that came back until the server closed, or until the time was up. */
export async function exchange(url: string, bytes: string | Buffer, timeoutMs = 5_000): Promise<string> {
  const socket = await openSocket(url);
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A reset is one of the ways in which a server closes.
  socket.on('error', () => socket.destroy());
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  socket.write(bytes);
  await closed;
  clearTimeout(timer);
  return Buffer.concat(chunks).toString('latin1');
}
