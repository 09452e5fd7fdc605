/**
 * What only connections need: their list, refreshing one, and requests that do so by themselves. A file of its own, which
 * the front loads where `connectionsUrl` is given.
 */
import { httpUrl, need } from "./check.js";
import type { OAuthSyncError } from "./errors.js";
import type { CoreConnection, CoreConnectionEvent } from "./oauth_sync.js";
import type { Connection, ConnectionEvent, FetchInit } from "./types.js";

/** What this file needs of the front. A second copy of its classes would be other classes. */
export interface Front {
  failure(code: OAuthSyncError["code"], cause?: unknown, reason?: string): OAuthSyncError;
  messageOf(code: string): string;
  freeze<T>(value: T): T;
  /** Asks the module; rejects where there is none. */
  refresh(id: string, seen: number | undefined): Promise<string | undefined>;
  fetch(request: Request): Promise<Response>;
}

const REASONS: Readonly<Partial<Record<OAuthSyncError["code"], string>>> = {
  refresh_failed: "the connection could not be refreshed; it may work later",
  reconnect_required: "the person has to connect again",
  removed: "there is no such connection",
};

/** What a person may be shown. */
const MESSAGES = new Map([
  ["refresh_failed", "The connection could not be refreshed. It may work later."],
  ["grant_rejected", "The provider has withdrawn this connection."],
  ["rotation_lost", "This connection has to be made again."],
  ["no_refresh_token", "This connection has expired."],
]);

export class Connections {
  readonly #front: Front;
  readonly #held = new Map<string, { readonly connection: Connection; readonly version: number }>();
  #list: readonly Connection[] | undefined;

  constructor(front: Front) {
    this.#front = front;
  }

  /** Newest first. */
  list(): readonly Connection[] {
    this.#list ??= Object.freeze(
      [...this.#held.values()]
        .map(({ connection }) => connection)
        .sort((one, other) => other.connectedAt - one.connectedAt || (one.id < other.id ? -1 : 1)),
    );
    return this.#list;
  }

  /** What the module says of a connection, made into what the list and events show. */
  fold({ change, at, via, connection: core }: CoreConnectionEvent): ConnectionEvent {
    const connection = this.#snapshot(core);
    this.#list = undefined;
    if (core.state === "disconnected") this.#held.delete(core.id);
    else this.#held.set(core.id, { connection, version: core.version });
    return this.#front.freeze({ type: "connection", change, at, via, connection } as ConnectionEvent);
  }

  async refresh(id: string, seen?: number): Promise<Connection> {
    const { failure, refresh } = this.#front;
    let outcome: string | undefined;
    try {
      outcome = await refresh(id, seen);
    } catch (cause) {
      throw failure("closed", cause);
    }
    const connection = this.#held.get(id)?.connection;
    if (outcome === "done" && connection) return connection;
    const code = (outcome === "done" ? "removed" : (outcome ?? "closed")) as OAuthSyncError["code"];
    throw failure(code, undefined, REASONS[code]);
  }

  async fetch(input: RequestInfo | URL, { integrationId, ...init }: FetchInit = {}): Promise<Response> {
    const url = input instanceof Request ? httpUrl(input.url) : httpUrl(input);
    need(url, "input");
    // A body can be read once: the first request is a copy.
    const request = new Request(input instanceof Request ? input : url, init);
    const seen = this.#version(integrationId);
    const response = await this.#front.fetch(request.clone());
    const id = integrationId ?? this.#only();
    if (response.status !== 401 || id === undefined) return response;
    const { signal } = request;
    try {
      await unlessAborted(this.refresh(id, seen ?? this.#version(id)), signal);
    } catch {
      if (signal.aborted) throw signal.reason;
      // What became of the connection is told by its events; the caller gets the server's own word.
      return response;
    }
    void response.body?.cancel();
    return this.#front.fetch(request);
  }

  /** The version before the request: where another tab has refreshed since, that will do. */
  #version(id: string | undefined = this.#only()): number | undefined {
    return id === undefined ? undefined : this.#held.get(id)?.version;
  }

  /** Whose token is meant, where nobody says so. */
  #only(): string | undefined {
    return this.#held.size === 1 ? this.list()[0]?.id : undefined;
  }

  #snapshot({ version: _, error, ...rest }: CoreConnection): Connection {
    return this.#front.freeze({
      ...rest,
      ...(error && { error: { ...error, message: MESSAGES.get(error.code) ?? this.#front.messageOf(error.code) } }),
    });
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (stop) signal.removeEventListener("abort", stop);
  }
}
