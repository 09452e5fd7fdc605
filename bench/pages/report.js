// What a page has to say goes to the server: a driver that looks again and again would take time from what is measured.
export const report = (content) => fetch("/report", { method: "POST", body: JSON.stringify(content) });

addEventListener("error", ({ message }) => report({ error: message }));
addEventListener("unhandledrejection", ({ reason }) => report({ error: `${reason?.code ?? ""} ${reason}` }));
