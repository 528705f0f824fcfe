"""The web application: creates the Flask application and registers all routes."""

import inspect
import time
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import structlog
from flask import Response, g, request
from flask.typing import ResponseReturnValue
from flask_openapi3 import Info, OpenAPI
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from app import config, db, ids, jobs, metrics, sealing
from app.config import Settings
from app.errors import Unauthenticated
from app.http import bodies, csv_lists, errors, idempotency, surfaces, throttle
from app.http.openapi import docs, document
from app.organizations import access, request_limits, stored_responses
from app.pages import routes as pages
from app.request_buffer import BODY_BYTES, LONG_BODIES
from app.rest.accounts import people
from app.rest.accounts import routes as accounts
from app.rest.ledger import attribution, balances, commissions, conversions, opening_balances, payments
from app.rest.ledger.statements import partner_side as partner_side_statements
from app.rest.ledger.statements import routes as statements
from app.rest.links import cookie_domain
from app.rest.links import memory as link_memory
from app.rest.links import routes as links
from app.rest.links.signups import browser_keys, public
from app.rest.links.signups import routes as customer_signups
from app.rest.operations import routes as operations
from app.rest.outbound import payloads
from app.rest.outbound import routes as outbound
from app.rest.outbound.mails import routes as mails
from app.rest.partner_side import agreement, payout_accounts, postbacks, promotion_codes, signup
from app.rest.partner_side import commissions as partner_side_commissions
from app.rest.partner_side import opening_balances as partner_side_opening_balances
from app.rest.partner_side import payout_methods as partner_side_payout_methods
from app.rest.partner_side import payouts as partner_side_payouts
from app.rest.partner_side import routes as partner_side
from app.rest.partners import applications as partner_applications
from app.rest.partners import payout_accounts as partner_payout_accounts
from app.rest.partners import routes as partners
from app.rest.partners import snapshots
from app.rest.payouts import files as payout_files
from app.rest.payouts import methods as payout_methods
from app.rest.payouts import owner_settings as payout_settings
from app.rest.payouts import payouts
from app.rest.payouts import runs as payout_runs
from app.rest.programs import analytics, applying, branding
from app.rest.programs import partners as program_partners
from app.rest.programs import routes as programs
from app.rest.referrals import admin as referrals
from app.rest.referrals import app_users, client, client_keys
from app.rest.stripe import endpoints, events, receiver, runs
from app.rest.transfer import exports, imports
from app.sentences import catalogue
from app.stripe_events.endpoints.receivers import ReceiverCache
from app.stripe_sync import api_keys
from app.touchpoints.links import Links

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

RECEIVER: Final = "stripe_events.receive"
WEBHOOKS: Final = "/webhooks/"
"""Requests to these paths are never rate-limited, even if there is no such endpoint, because Stripe sends them."""
DESCRIPTION: Final = (
    "Affiliate attribution and an append-only commission ledger for businesses that bill with Stripe. "
    "Amounts named `…_cents` or `…Cents` are integers in the currency's smallest unit, whatever its decimals."
)
SURFACES: Final = (
    partners.api,
    programs.api,
    program_partners.api,
    branding.api,
    applying.api,
    agreement.api,
    partner_applications.api,
    analytics.api,
    snapshots.api,
    payout_methods.api,
    payout_settings.api,
    partner_side.api,
    partner_side_commissions.api,
    payout_accounts.api,
    postbacks.api,
    promotion_codes.api,
    partner_payout_accounts.api,
    partner_side_payout_methods.api,
    partner_side_payouts.api,
    signup.api,
    conversions.api,
    commissions.api,
    attribution.api,
    links.api,
    link_memory.api,
    cookie_domain.api,
    outbound.api,
    mails.api,
    payments.api,
    balances.api,
    opening_balances.api,
    partner_side_opening_balances.api,
    statements.api,
    exports.api,
    partner_side_statements.api,
    events.api,
    endpoints.api,
    runs.api,
    payout_runs.api,
    payout_files.api,
    payouts.api,
    accounts.api,
    people.api,
    customer_signups.api,
    browser_keys.api,
    public.api,
    client_keys.api,
    referrals.api,
    client.api,
    imports.api,
)
"""The routes of the API, in the order of its document."""

log = structlog.get_logger(__name__)


def create_app(settings: Settings | None = None) -> OpenAPI:
    """The application, configured with its database and queue; it does not contact them yet.

    Without `settings` it uses those of the environment and the data directory.
    """
    app = assemble()
    connect(app, settings or config.load())
    return app


def connect(app: OpenAPI, settings: Settings) -> None:
    """Configure `app` and this process with the database and the queue of `settings`."""
    db.connect_web(settings.web_database_url or settings.database_url, pool_size=settings.web_threads)
    jobs.connect(settings.redis_url)
    metrics.connect(settings.redis_url)
    request_limits.connect(settings)
    api_keys.connect(settings)
    sealing.connect(settings)
    catalogue.use(settings.language)
    app.extensions["accrual_settings"] = settings
    app.extensions["accrual_receivers"] = ReceiverCache(settings)
    app.extensions["accrual_links"] = Links()
    app.extensions["accrual_csv_slots"] = csv_lists.slots(settings)


def assemble() -> OpenAPI:
    """The application with all its routes, without database and queue: `connect` must be called before it serves."""
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
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # an attribute of Flask's default provider
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False  # Flask would redirect, which Stripe counts as a failure
    errors.install(app)
    _wire(app)
    return app


def _wire(app: OpenAPI) -> None:
    app.before_request(_bind_request)
    app.after_request(_finish_request)
    document.describe_webhooks(app, payloads.MESSAGES)
    app.register_blueprint(receiver.blueprint)
    app.register_blueprint(operations.blueprint)
    app.register_blueprint(docs.blueprint)
    pages.install(app)
    for api in SURFACES:
        app.register_api(api)
    _guard(app)
    app.teardown_request(lambda _failure: structlog.contextvars.clear_contextvars())
    before_flask: dict[str, WSGIApplication] = {receiver.PATH: receiver.Receiver(app)}
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, before_flask)  # type: ignore[method-assign]  # as Flask documents it


def _guard(app: OpenAPI) -> None:
    """Check the permission of every route that needs one, before the rest of the request is read.

    Requests are counted by key; requests without a valid key, and those for unknown paths, are counted by address.
    """
    needed, for_app_users = surfaces.permissions(app), surfaces.for_app_users(app)

    def admit() -> None:
        permission = needed.get(request.endpoint or "")
        if permission is None:
            if request.endpoint in for_app_users:
                _admit_app_user()
            elif request.endpoint is None and not request.path.startswith(WEBHOOKS):
                throttle.count_address()
            return
        try:
            g.caller = caller = access.identify(request.headers.get("Authorization"))
        except Unauthenticated:
            throttle.count_address()
            raise
        throttle.enforce(request_limits.count_caller(caller, is_write=request.method not in throttle.READING))
        access.demand(caller, permission)

    app.before_request(admit)
    for endpoint in (*needed, *for_app_users):
        app.view_functions[endpoint] = _guarded(app.view_functions[endpoint])


def _admit_app_user() -> None:
    """Identify and count the app user of a request; what a browser asks before it (OPTIONS) has no token yet."""
    if request.method == "OPTIONS":
        return
    try:
        g.caller = app_user = app_users.identify()
    except Unauthenticated:
        throttle.count_address()
        raise
    throttle.count_app_user(app_user)


def _guarded(view: Callable[..., Any]) -> Callable[..., ResponseReturnValue]:
    """The view after checks of the request's body; with an `Idempotency-Key`, a repeated request is not executed."""
    has_form = "form" in inspect.signature(view).parameters

    @wraps(view)
    def guarded(**arguments: Any) -> ResponseReturnValue:
        def checked() -> ResponseReturnValue:
            bodies.check_request(has_form=has_form)
            with catalogue.using(bodies.requested_language()):
                response: ResponseReturnValue = view(**arguments)
            return response

        if request.method == "POST" and stored_responses.HEADER in request.headers:
            return idempotency.once(g.caller, checked)
        return checked()

    return guarded


def _bind_request() -> None:
    g.request_id = ids.of_request(request.headers.get("X-Request-Id", ""))
    g.started_at = time.perf_counter()
    if request.path in LONG_BODIES:
        request.max_content_length = LONG_BODIES[request.path]
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _finish_request(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    throttle.add_headers(response)
    if response.status_code >= 400 and request.endpoint == RECEIVER:
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
