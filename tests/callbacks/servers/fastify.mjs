import fastify from "fastify";
import { callbackPage } from "../../../examples/callback-pages/fastify.js";
import { finish } from "./finish.mjs";

const app = fastify();
app.register(callbackPage, { finish });
await app.listen({ port: 0, host: "127.0.0.1" });
console.log(`listening on ${app.server.address().port}`);
