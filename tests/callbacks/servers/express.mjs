import express from "express";
import { callbackPage } from "../../../examples/callback-pages/express.js";
import { finish } from "./finish.mjs";

const server = express().use(callbackPage(finish)).listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
