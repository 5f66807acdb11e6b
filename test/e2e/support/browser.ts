/** Debian's Chromium without a window, driven over its own protocol: as much of it as a test of a page needs. */
import { Folder } from "./folder.ts";
import { until } from "./until.ts";

const COMMAND_MS_MAX = 15_000;

const BINARY = Bun.which("chromium") ?? Bun.which("chromium-browser");

/** Why there is no browser here; undefined: there is one. */
export const browserMissing =
  BINARY === null ? "there is no chromium on this machine (apt-get install chromium)" : undefined;

/** Without the last ones it looks for hosts of its maker at every start. */
const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=900,600"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  "--remote-debugging-port=0",
];

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export class Browser implements AsyncDisposable {
  readonly #folder = new Folder();
  readonly #child: Bun.Subprocess<"ignore", "ignore", "pipe">;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #socket: WebSocket | undefined;
  #next = 1;

  private constructor() {
    this.#child = Bun.spawn([BINARY!, ...FLAGS, `--user-data-dir=${this.#folder.path}`], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, HOME: this.#folder.path },
    });
  }

  static async start(): Promise<Browser> {
    const browser = new Browser();
    const said = await browser.#saysWhere();
    const socket = new WebSocket(said);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("error", () => reject(new Error(`no connection to ${said}`)));
    });
    socket.addEventListener("message", ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id !== undefined) browser.#waiting.get(answer.id)?.(answer);
    });
    browser.#socket = socket;
    return browser;
  }

  async open(url: string): Promise<Page> {
    const { targetId } = await this.command<{ targetId: string }>("Target.createTarget", { url });
    const { sessionId } = await this.command<{ sessionId: string }>("Target.attachToTarget", {
      targetId,
      flatten: true,
    });
    return new Page(this, sessionId);
  }

  command<T>(method: string, params: object, sessionId?: string): Promise<T> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${method}: no answer in ${COMMAND_MS_MAX} ms`)),
        COMMAND_MS_MAX,
      );
      this.#waiting.set(id, ({ result, error }) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (error === undefined) resolve(result as T);
        else reject(new Error(`${method}: ${error.message}`));
      });
      this.#socket?.send(JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) }));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.close();
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#folder[Symbol.dispose]();
  }

  async #saysWhere(): Promise<string> {
    let said = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stderr) {
      said += decoder.decode(chunk, { stream: true });
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (found !== undefined) return found;
    }
    throw new Error(`chromium ended: ${said}`);
  }
}

export class Page {
  readonly #browser: Browser;
  readonly #session: string;

  constructor(browser: Browser, session: string) {
    this.#browser = browser;
    this.#session = session;
  }

  /** The value of an expression in the page. */
  async value<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#command<{
      result: { value: T };
      exceptionDetails?: { text: string };
    }>("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${exceptionDetails.text}`);
    return result.value;
  }

  /** Waits until an expression is true in the page. */
  async shows(what: string, expression: string, timeoutMs = 15_000): Promise<void> {
    let isShown = false;
    let asking = false;
    await until(
      what,
      () => {
        if (!asking) {
          asking = true;
          void this.value<boolean>(`Boolean(${expression})`)
            .then((value) => (isShown = value))
            .catch(() => undefined)
            .finally(() => (asking = false));
        }
        return isShown;
      },
      timeoutMs,
    );
  }

  /** Types into the element that a selector names, and presses Enter. */
  async say(selector: string, text: string): Promise<void> {
    await this.value(`document.querySelector(${JSON.stringify(selector)}).focus()`);
    await this.#command("Input.insertText", { text });
    const key = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, text: "\r" };
    await this.#command("Input.dispatchKeyEvent", { type: "keyDown", ...key });
    await this.#command("Input.dispatchKeyEvent", { type: "keyUp", ...key });
  }

  async pointTo(x: number, y: number): Promise<void> {
    await this.#command("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
  }

  /** A picture of the page as PNG. */
  async picture(): Promise<Uint8Array> {
    const { data } = await this.#command<{ data: string }>("Page.captureScreenshot", {});
    return Uint8Array.fromBase64(data);
  }

  #command<T>(method: string, params: object): Promise<T> {
    return this.#browser.command<T>(method, params, this.#session);
  }
}
