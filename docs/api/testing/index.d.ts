import { OAuthSync } from "../index.js";
import type { Connection, Diagnostics, ErrorCode, FetchInit, Flow, Notice, NotifyOptions, NotifyResult, Options, PendingFlow, SettledFlow, StartOptions, StatusReply, Subscribe } from "../index.js";
export type TestOptions<P extends string = string> = Omit<Options<P>, "statusUrl" | "checkStatus" | "connectionsUrl" | "eventsUrl" | "fetch">;
/** What the server keeps of a connection. */
export interface ServerConnection {
    readonly provider: string;
    /** Default `active`. What is not is what a refresh comes to as well. */
    readonly state?: Exclude<Connection["state"], "disconnected">;
    readonly tools?: readonly string[];
    readonly scopes?: readonly string[];
    /** Default true. */
    readonly refreshable?: boolean;
    /** How long a token lives, in milliseconds, from now and from each refresh. Default: for ever. */
    readonly expiresIn?: number;
    readonly error?: {
        readonly code: ErrorCode;
    };
}
export interface Opened {
    readonly flowId: string;
    /** Empty until a `startUrl` that is a function has given an address. */
    readonly url: string;
    readonly target: string;
}
/** An `OAuthSync` to give to the code under test. Each has a page of its own: no storage, tab or clock is shared. */
export declare class TestOAuthSync<P extends string = string> extends OAuthSync<P> {
    /** An instance whose `ready` has resolved. */
    static open<P extends string = string>(options?: TestOptions<P>): Promise<TestOAuthSync<P>>;
    readonly ready: Promise<void>;
    readonly subscribe: Subscribe<P>;
    readonly flows: () => readonly Flow<P>[];
    readonly connections: () => readonly Connection<P>[];
    /** While true, the page may open no windows. */
    blockPopups: boolean;
    constructor(options?: TestOptions<P>);
    /** What has been opened, oldest first: popups, tabs, and redirects of the page itself. */
    get opened(): readonly Opened[];
    /** What the server says of a flow from now on. Resolves when the page has asked and knows, for which a second passes at most, or what an earlier answer asked for by `retryAfterMs`. A flow that the server has settled is not asked about again: there is `report`. */
    answer(flowId: string, reply: StatusReply): Promise<void>;
    /** What the server keeps of a connection from now on; undefined for one that is gone. Resolves when the page has looked and knows, for which ten seconds pass. */
    connection(id: string, connection: ServerConnection | undefined): Promise<void>;
    /** The person closes the flow's window. Resolves when the page has noticed, half a second later. */
    closeWindow(flowId: string): Promise<void>;
    /** Lets time pass, with everything that falls into it. */
    advance(ms: number): Promise<void>;
    start(provider: P, options?: StartOptions<P>): PendingFlow<P>;
    retry(flowId: string): PendingFlow<P>;
    cancel(flowId: string): void;
    dismiss(flowId: string): void;
    reset(): void;
    latest(provider: P): Flow<P> | undefined;
    settled(flowId: string, options?: {
        signal?: AbortSignal;
    }): Promise<SettledFlow<P>>;
    check(flowId?: string): Promise<void>;
    report(flowId: string, reply: StatusReply): void;
    refresh(integrationId: string): Promise<Connection<P>>;
    fetch(input: RequestInfo | URL, init?: FetchInit): Promise<Response>;
    /** What a callback page of this app would say. */
    notify(notice: Notice, options?: NotifyOptions): Promise<NotifyResult>;
    diagnostics(): Diagnostics;
    close(): void;
    [Symbol.dispose](): void;
}
