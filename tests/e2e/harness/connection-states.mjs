/** Every state that the connections page can show; times are from now on. */
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const error = (code, message) => ({ code, message, retryable: code === "refresh_failed" });

export const connectionStates = Object.freeze([
  { id: "int_1", provider: "github", state: "active", tools: ["github"], scopes: ["read:user", "repo"], age: 3 * DAY, expiresIn: 54 * MINUTE + 12_000, refreshAge: 5 * MINUTE },
  { id: "int_2", provider: "atlassian", state: "refresh_failed", tools: ["jira", "confluence"], scopes: ["offline_access", "read:jira-user", "read:jira-work", "read:confluence-content.summary"], age: 40 * DAY, expiresIn: -12 * MINUTE, refreshAge: 2 * HOUR, error: error("refresh_failed", "The connection could not be refreshed.") },
  { id: "int_3", provider: "microsoft", state: "reauth_required", tools: ["outlook", "teams", "onedrive"], scopes: ["openid", "Mail.Read", "Team.ReadBasic.All", "Files.Read"], age: 2 * HOUR, expiresIn: -HOUR, error: error("grant_rejected", "The provider has ended the access.") },
  { id: "int_4", provider: "google", state: "active", tools: ["calendar", "drive"], scopes: ["openid", "https://www.googleapis.com/auth/calendar.readonly", "https://www.googleapis.com/auth/drive.readonly"], age: 20_000, expiresIn: 26 * HOUR, refreshable: false },
]);
