/** Where the companion server, or your own back end, listens. */
const backEnd = process.env.OAUTH_SERVER ?? "http://localhost:4180";

export default {
  reactStrictMode: true,
  rewrites: async () => [{ source: "/oauth/:path*", destination: `${backEnd}/oauth/:path*` }],
};
