"""`urlpatterns = [callback_page(finish)]`

`finish(provider, query)` is yours: it knows the provider, checks `state`, exchanges the code, stores the tokens, and returns
`{"flow_id": …, "integration_id": …}`, or `{"flow_id": …, "error": …}` with a code such as `access_denied`. Serve
`callback.global.js` of the package beside it.
"""

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.views.decorators.http import require_GET

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; base-uri 'none'",
    # Any other value cuts this window off from the page that waits; Django's own default is `same-origin`.
    "Cross-Origin-Opener-Policy": "unsafe-none",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Back to the app</title>
<p>You may close this window and go back to the app.</p>
<script src="/callback.global.js" data-provider="{provider}" data-success="{success}" data-flow-id="{flow_id}"
  data-integration-id="{integration_id}" data-error="{error}"></script>
"""


def callback_page(finish: Callable[[str, Mapping[str, str]], Mapping[str, str]]) -> URLPattern:
    @require_GET
    def callback(request: HttpRequest, provider: str) -> HttpResponse:
        outcome = finish(provider, request.GET)
        values = {"provider": provider, "flow_id": "", "integration_id": "", "error": "", **outcome}
        success = "false" if values["error"] else "true"
        return HttpResponse(format_html(PAGE, success=success, **values), headers=HEADERS)

    return path("oauth/callback/<str:provider>", callback)
