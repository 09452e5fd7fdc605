/** What an app tells the person who has clicked Connect. */
export function followToasts(sync, show) {
  return sync.subscribe(({ type, flow }) => {
    if (!flow.startedHere) return;
    if (type === "completed") show(`${flow.provider} is connected`);
    else if (type === "blocked") show("Please allow the window to open");
    else if (type === "overdue") show("Still no answer. You can try again");
    else if (type === "failed" || type === "cancelled") show(flow.error.message);
  });
}
