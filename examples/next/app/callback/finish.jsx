"use client";

import { finish, noticeFromUrl } from "oauth-sync/callback";
import { useEffect, useRef } from "react";

/** Where your back end sends people once the provider has sent them back: `/callback?provider=&flow=&integration_id=&error=`. */
export function Finish() {
  const fallback = useRef(null);
  const isDone = useRef(false);
  useEffect(() => {
    // StrictMode runs effects twice.
    if (isDone.current) return;
    isDone.current = true;
    const notice = noticeFromUrl();
    if (notice) finish(notice, { fallback: fallback.current });
  }, []);
  return <p ref={fallback} hidden>Done. You can close this window.</p>;
}
