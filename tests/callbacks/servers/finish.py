"""The app's part: the code `good` makes a connection."""


def finish(provider, query):
    if query.get("code") == "good":
        return {"flow_id": query["state"], "integration_id": f"int_{provider}"}
    return {"flow_id": query.get("state", ""), "error": query.get("error", "server_error")}
