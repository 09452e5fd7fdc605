/** What the elements use of connections. An instance without them, such as a double in somebody's tests, will do. */
import type { FlowError, OAuthSyncEvent, Via } from "../types.js";

export interface Connection {
  readonly id: string;
  readonly provider: string;
  readonly state: "active" | "expired" | "refresh_failed" | "reauth_required" | "disconnected";
  readonly refreshable: boolean;
  readonly connectedAt: number;
  readonly expiresAt?: number;
  readonly error?: FlowError;
}

export interface ConnectionEvent {
  readonly type: "connection";
  readonly change: "added" | "refreshed" | "expired" | "refresh_failed" | "reauth_required" | "disconnected" | "changed";
  readonly at: number;
  readonly via: Via;
  readonly connection: Connection;
}

export interface WithConnections {
  subscribe(listener: (event: OAuthSyncEvent | ConnectionEvent) => void, options: { connections: true }): () => void;
  connections?(): readonly Connection[];
  refresh?(id: string): Promise<unknown>;
}
