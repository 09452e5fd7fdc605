/** The app's part: the code `good` makes a connection. */
export async function finish(provider, { code, state, error = "server_error" }) {
  return code === "good" ? { flowId: state, integrationId: `int_${provider}` } : { flowId: state, error };
}
