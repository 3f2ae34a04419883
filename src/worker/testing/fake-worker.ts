import { expose } from 'comlink';

/** A worker as the page sees it: messages go over a real channel, the other side is an object of the test. */
export class FakeWorker<Api extends object = object> extends EventTarget implements Worker {
  onmessage = null;
  onmessageerror = null;
  onerror = null;
  terminated = false;
  readonly #channel = new MessageChannel();

  constructor(api: Api) {
    super();
    expose(api, this.#channel.port2);
    this.#channel.port1.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      this.dispatchEvent(new MessageEvent('message', { data }));
    });
    this.#channel.port1.start();
  }

  postMessage(message: unknown, transfer: Transferable[] | StructuredSerializeOptions = []): void {
    if (this.terminated) return;
    this.#channel.port1.postMessage(message, Array.isArray(transfer) ? transfer : (transfer.transfer ?? []));
  }

  terminate(): void {
    this.terminated = true;
    this.#channel.port1.close();
    this.#channel.port2.close();
  }

  fail(message: string): void {
    this.dispatchEvent(Object.assign(new Event('error'), { message }));
  }
}
