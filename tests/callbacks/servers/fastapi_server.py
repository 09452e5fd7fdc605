import socket

import uvicorn
from fastapi import FastAPI
from fastapi_page import callback_page
from finish import finish


async def finish_soon(provider, query):
    return finish(provider, query)


app = FastAPI()
app.include_router(callback_page(finish_soon))
listener = socket.create_server(("127.0.0.1", 0))
print(f"listening on {listener.getsockname()[1]}", flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
