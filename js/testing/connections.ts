/** The server's part in connections: a list, and refreshing, as a test says. */
import type { ServerConnection } from "./index.js";

/** A third of a token's life before its end, and five minutes at most: the server's own rule. */
const ahead = (life: number): number => Math.min(300_000, life / 3);

interface Row extends ServerConnection {
  readonly version: number;
  readonly connectedAt: number;
  readonly since: number;
  readonly refreshedAt?: number;
}

export class ServerConnections {
  readonly #now: () => number;
  readonly #rows = new Map<string, Row>();
  #version = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  set(id: string, connection: ServerConnection | undefined): void {
    this.#version += 1;
    const now = this.#now();
    const connectedAt = this.#rows.get(id)?.connectedAt ?? now;
    if (connection) this.#rows.set(id, { ...connection, version: this.#version, connectedAt, since: now });
    else this.#rows.delete(id);
  }

  /** Undefined for what is not about connections. */
  answer(url: URL, method: string): Response | undefined {
    const [, id] = /^\/oauth\/connections(?:\/([^/]+)\/refresh)?$/u.exec(url.pathname) ?? [undefined, null];
    if (id === null) return undefined;
    if (id === undefined) {
      const connections = [...this.#rows].map(([each, row]) => this.#wire(each, row));
      return Response.json({ version: this.#version, connections });
    }
    return method === "POST" ? this.#refresh(decodeURIComponent(id)) : undefined;
  }

  #refresh(id: string): Response {
    const row = this.#rows.get(id);
    if (!row) return new Response(null, { status: 404 });
    const status = { refresh_failed: 503, reauth_required: 409, expired: 200, active: 200 }[row.state ?? "active"];
    const now = this.#now();
    this.#version += 1;
    const next: Row = { ...row, version: this.#version, ...(status === 200 && { state: "active", since: now, refreshedAt: now }) };
    this.#rows.set(id, next);
    return Response.json(this.#wire(id, next), { status });
  }

  #wire(id: string, { since, expiresIn, ...row }: Row): object {
    const left = expiresIn === undefined ? undefined : expiresIn - (this.#now() - since);
    return {
      id,
      state: "active",
      tools: [row.provider],
      scopes: [],
      refreshable: true,
      ...row,
      ...(left !== undefined && expiresIn !== undefined && { expiresIn: left, refreshIn: left - ahead(expiresIn) }),
    };
  }
}
