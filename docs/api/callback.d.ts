/**
 * `oauth-sync/callback`: what the page says that the provider sends people back to.
 *
 * Plain JavaScript in one file that imports nothing, so that a server can embed these very bytes in a page of its own.
 * `tsc` checks it like the rest. Nothing happens on import, and every facility of the browser is looked up when used.
 *
 * @module
 */
export type Notice = import("./index.js").Notice;
export type NotifyOptions = import("./index.js").NotifyOptions;
export type NotifyResult = import("./index.js").NotifyResult;
/**
 * Tells every window of the app how a flow ended: the opener, every tab, and tabs that are loading just now.
 *
 * Resolves when one of them has acknowledged, at the latest after 500 ms. Rejects only with a `TypeError` that names
 * the argument, and then nothing was sent. `flowId` defaults to the one that `start` left for this window.
 *
 * @param {Notice} notice
 * @param {NotifyOptions} [options]
 * @returns {Promise<NotifyResult>}
 */
export declare function notify(notice: Notice, options?: NotifyOptions): Promise<NotifyResult>;
/**
 * `notify`, then leaves: a popup or tab closes, a redirect goes back to the page that it came from, and where the
 * browser allows neither, `fallback` is shown.
 *
 * @param {Notice} notice
 * @param {NotifyOptions & { fallback?: HTMLElement }} [options]
 * @returns {Promise<NotifyResult>}
 */
export declare function finish(notice: Notice, options?: NotifyOptions & {
    fallback?: HTMLElement;
}): Promise<NotifyResult>;
/**
 * The notice in `?provider=&flow=&integration_id=&error=`, or null where there is none.
 *
 * Anyone can write a URL, so let a status endpoint confirm what comes out of it. A value that no notice may hold counts
 * as not there.
 *
 * @param {string | URL} [url] default: this page's
 * @returns {Notice | null}
 */
export declare function noticeFromUrl(url?: string | URL): Notice | null;
