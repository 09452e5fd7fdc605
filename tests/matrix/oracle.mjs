// What a row promises, by docs/protocol.md, computed from the row alone.

/** Of the schedule where no notice is to be waited for, and where one is: no check then comes between. */
export const TIERS = { short: [{ every: 1000, polls: 120 }], none: [{ every: 60_000, polls: 1 }] };
/** How long the slow endpoint takes. */
export const SLOW_MS = 1500;

/** A notice is heard within 2 s of it, or of coming back. */
const NOTICE_MS = 2000;
/** Checks of one flow are at least a second apart, and a hidden page's timers come on the second. */
const POLL_MS = TIERS.short[0].every + 1000 + 1000;
/** Silence of 3 to 4 s makes another window poll. */
const HANDOVER_MS = 4000;

/**
 * For both tabs: `must` says that it hears one `completed`, within `within` ms; `must: false`, that it may, but never more than
 * one. `never`: there is nothing that could tell it, so a `completed` would be made up. `tiers` is the schedule to run with.
 */
export function expectation(row) {
  const storage = row.storage === "ok";
  const isRedirect = row.target === "redirect";
  // One window navigates: there is no other that it could be cut off from.
  const opener = row.opener === "on" && !isRedirect && keepsOpener(row);
  const live = row.channel === "on" || (storage && row.storageEvents === "on");
  const subject = isRedirect ? "other" : "starter";
  const isAway = ["reloading", "reopened", "cached"].includes(row.page);

  const tab = (name) => {
    // A new document remembers what is stored.
    const isNew = (name === subject && isAway) || (isRedirect && name === "starter");
    const isBack = isNew || (name === subject && row.page === "frozen");
    const knowsFlow = name === "starter" ? !isNew || storage : isNew ? storage : live || (storage && isBack);
    const hears = isNew ? storage : live || (name === "starter" && opener) || (storage && isBack);
    const canKnow = row.status === "absent" ? hears : knowsFlow;
    return { must: canKnow, never: row.status === "absent" && !storage && row.channel === "off" && !(name === "starter" && opener), hears, isBack, within: 0 };
  };
  const tabs = { starter: tab("starter"), other: tab("other") };

  const polls = Object.values(tabs).some(({ must, hears, isBack }) => must && !hears && !isBack) || row.status === "failing";
  const trips = row.status === "slow" ? 2 * SLOW_MS : 0;
  const mayChangeHands = row.page !== "awake" || row.locks !== "ok" || isRedirect;
  for (const each of Object.values(tabs)) {
    const byNotice = each.hears || each.isBack;
    each.within = trips + (byNotice && row.status !== "failing" ? NOTICE_MS : POLL_MS + (mayChangeHands ? HANDOVER_MS : 0));
  }
  return { subject, tabs, tiers: polls ? TIERS.short : TIERS.none };
}

/** HTML's rules for popups and for navigations within one: the window has its opener if no hop parts them. */
function keepsOpener({ coopApp, coopProvider, coopCallback }) {
  return coopApp !== "same-origin" && coopProvider === "none" && coopCallback === "none";
}
