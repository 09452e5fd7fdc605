/** The pages that this server shows. They never pretend to be the real service: each says that it is a local stand-in. */

const escape = (text) => String(text).replace(/[&<>"']/gu, (character) => `&#${character.codePointAt(0)};`);

const page = ({ title, service, main }) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<link rel="stylesheet" href="/stand-in.css">
<link rel="icon" href="data:,">
</head>
<body>
<header class="ribbon">Local stand-in${service ? ` for ${escape(service.name)}` : ""}. Nothing here leaves this computer.</header>
<main>
${main}
</main>
</body>
</html>
`;

/** Any name will do: there is nobody to keep out. */
export const signInPage = ({ uid, service, failed = false }) => page({
  title: `Sign in: stand-in for ${service.name}`,
  service,
  main: `<h1>Sign in</h1>
<p>to go on to <strong>oauth-sync demo</strong></p>
<form method="post" action="/interaction/${escape(uid)}/login">
<label for="login">Name</label>
<input id="login" name="login" value="${failed ? "" : "mona"}" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="64" autofocus aria-describedby="login-hint"${failed ? ' aria-invalid="true"' : ""}>
<p class="hint" id="login-hint">${failed ? "Type a name of letters, digits, dots or dashes." : "Any name will do. There is no password here."}</p>
<div class="actions">
<button class="primary" id="sign-in">Sign in</button>
</div>
</form>
<form method="post" action="/interaction/${escape(uid)}/abort"><button class="plain" id="abort">Cancel and go back</button></form>`,
});

export const consentPage = ({ uid, service, account }) => page({
  title: `Allow access: stand-in for ${service.name}`,
  service,
  main: `<h1>Allow <span class="app">oauth-sync demo</span> to use your ${escape(service.name)} account?</h1>
<p>Signed in as <strong>${escape(account)}</strong>. It asks to:</p>
<ul>
${service.access.map((line) => `<li>${escape(line)}</li>`).join("\n")}
</ul>
<div class="actions">
<form method="post" action="/interaction/${escape(uid)}/confirm"><button class="primary" id="allow">Allow</button></form>
<form method="post" action="/interaction/${escape(uid)}/abort"><button id="deny">Deny</button></form>
</div>`,
});

export const errorPage = (code) => page({
  title: "This request cannot go on",
  main: `<h1>This request cannot go on</h1>
<p>Close this window and start again from the app.</p>
<p class="hint">Code: <code>${escape(code)}</code></p>`,
});
