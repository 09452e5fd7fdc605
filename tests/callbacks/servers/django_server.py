from wsgiref.simple_server import make_server

from django.conf import settings
from django.core.wsgi import get_wsgi_application

# As `startproject` has it, so that Django's own headers are on.
settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="for tests",
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware", "django.middleware.clickjacking.XFrameOptionsMiddleware"],
)
application = get_wsgi_application()

from django_page import callback_page  # noqa: E402
from finish import finish  # noqa: E402

urlpatterns = [callback_page(finish)]
server = make_server("127.0.0.1", 0, application)
print(f"listening on {server.server_port}", flush=True)
server.serve_forever()
