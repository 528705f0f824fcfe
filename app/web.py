"""The web application: the one place that wires HTTP."""

import re
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from uuid import uuid4

import structlog
from flask import Response, g, request
from flask.typing import ResponseReturnValue
from flask_openapi3 import Info, OpenAPI

from app import config, db, jobs, metrics
from app.config import Settings
from app.errors import Unauthenticated
from app.http import bodies, docs, errors, idempotency, surfaces, throttle
from app.organizations import access, request_limits
from app.organizations.permissions import Caller
from app.pages import assets
from app.pages import joining as join
from app.rest.accounts import routes as accounts
from app.rest.ledger import attribution, commissions, conversions, payments
from app.rest.links import routes as touches
from app.rest.operations import routes
from app.rest.partner_side import commissions as own_commissions
from app.rest.partner_side import routes as me
from app.rest.partner_side import signup
from app.rest.partners import routes as partners
from app.rest.partners import snapshots
from app.rest.programs import analytics
from app.rest.programs import partners as program_partners
from app.rest.programs import routes as programs
from app.rest.stripe import endpoints, events, receiver, runs
from app.sentences import catalogue
from app.stripe_events.endpoints.receivers import ReceiverCache
from app.stripe_sync import api_keys
from app.touchpoints.links import Links

MAX_BODY_BYTES: Final = 1024 * 1024
REQUEST_ID: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)
RECEIVER: Final = "stripe_events.receive"
RECEIVING: Final = "/webhooks/"
"""What Stripe asks for is never limited, also where there is no such endpoint."""
DESCRIPTION: Final = (
    "Affiliate attribution and an append-only commission ledger for businesses that bill with Stripe. "
    "Amounts named `…_cents` or `…Cents` are integers in the currency's smallest unit, whatever its decimals."
)

log = structlog.get_logger(__name__)


def create_app(settings: Settings | None = None) -> OpenAPI:
    """The application, connected to its database and queue; nothing is asked of either yet.

    Without `settings` it runs with those of the environment and the data directory.
    """
    app = assemble()
    connect(app, settings or config.load())
    return app


def connect(app: OpenAPI, settings: Settings) -> None:
    """Let `app` and this process use the database and the queue of `settings` from now on."""
    db.connect_web(settings.web_database_url or settings.database_url, pool_size=settings.web_threads)
    jobs.connect(settings.redis_url)
    metrics.connect(settings.redis_url)
    request_limits.connect(settings)
    api_keys.connect(settings)
    catalogue.use(settings.language)
    app.extensions["accrual_settings"] = settings
    app.extensions["accrual_receivers"] = ReceiverCache(settings)
    app.extensions["accrual_links"] = Links()


def assemble() -> OpenAPI:
    """The application with all its routes, connected to nothing: `connect` has to follow."""
    app = OpenAPI(
        __name__,
        template_folder="pages/templates",
        info=Info(title="Accrual", version="1", description=DESCRIPTION),
        security_schemes=surfaces.SECURITY_SCHEMES,
        validation_error_status=400,
        validation_error_model=errors.ErrorBody,
        validation_error_callback=errors.refuse_invalid,
        doc_ui=False,
        static_folder=None,
    )
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's own provider has it
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False  # it merges by redirecting, which Stripe takes for a failure
    errors.install(app)
    _wire(app)
    return app


def _wire(app: OpenAPI) -> None:
    app.before_request(_bind_request)
    app.after_request(_finish_request)
    app.register_blueprint(receiver.blueprint)
    app.register_blueprint(routes.blueprint)
    app.register_blueprint(docs.blueprint)
    app.register_blueprint(join.blueprint)
    app.register_blueprint(assets.blueprint)
    for api in (
        partners.api,
        programs.api,
        program_partners.api,
        analytics.api,
        snapshots.api,
        me.api,
        own_commissions.api,
        signup.api,
        conversions.api,
        commissions.api,
        attribution.api,
        touches.api,
        payments.api,
        events.api,
        endpoints.api,
        runs.api,
        accounts.api,
    ):
        app.register_api(api)
    _guard(app)


def _guard(app: OpenAPI) -> None:
    """Let nobody into a route that needs a permission without it, before anything of the request is looked at.

    Whoever has a key is counted by it, whoever has none by address; so is who asks for what is not there.
    """
    needed = surfaces.permissions(app)

    def admit() -> None:
        permission = needed.get(request.endpoint or "")
        if permission is not None:
            g.caller = _counted_caller()
            access.demand(g.caller, permission)
        elif request.endpoint is None and not request.path.startswith(RECEIVING):
            throttle.count_address()

    app.before_request(admit)
    for endpoint in needed:
        app.view_functions[endpoint] = _guarded(app.view_functions[endpoint])


def _guarded(view: Callable[..., Any]) -> Callable[..., ResponseReturnValue]:
    """The view behind the checks every body must pass; done once for requests that say so."""

    @wraps(view)
    def guarded(**arguments: Any) -> ResponseReturnValue:
        def checked() -> ResponseReturnValue:
            bodies.check_request()
            answered: ResponseReturnValue = view(**arguments)
            return answered

        if not idempotency.is_asked_for():
            return checked()
        return idempotency.once(str(g.caller.key_id), g.caller.organization_ids, checked)

    return guarded


def _counted_caller() -> Caller:
    try:
        caller = access.identify(request.headers.get("Authorization"))
    except Unauthenticated:
        throttle.count_address()
        raise
    throttle.count(f"key:{caller.key_id}")
    throttle.count_organization(caller.organization_id)
    return caller


def _bind_request() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
    g.started_at = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _finish_request(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    throttle.tell(response)
    if request.endpoint == RECEIVER and response.status_code >= 400:
        metrics.event_received("unavailable" if response.status_code >= 500 else "refused")
    if "caller" in g:
        response.headers["Cache-Control"] = "no-store"
        log.info(
            "request_answered",
            method=request.method,
            route=request.url_rule.rule if request.url_rule else None,
            status=response.status_code,
            duration_ms=round((time.perf_counter() - g.started_at) * 1000, 1),
        )
    return response
