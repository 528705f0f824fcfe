"""Referral codes: the code of an app user, made when it is first read, and templates that set rewards and limits."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import ids
from app.errors import InvalidRequest, NotFound, ReferralFailed
from app.immutable import immutable
from app.organizations import audit
from app.organizations.actors import Actor, AppUser
from app.organizations.hierarchy import require_merchant
from app.paging import Page, load_page, owned_by
from app.referrals import currencies
from app.referrals.models import ReferralCode

ALPHABET: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without I, L, O, 0 and 1, which look alike."""
LENGTH: Final = 6
TRIES: Final = 5


@immutable
class Rules:
    """What a code grants, and how often.

    Attributes:
        reward_referrer: amounts by currency for the code's user.
        reward_referee: amounts by currency for the app user who claims it.
        max_uses: how often it can be claimed in all; None: without a limit.
        is_active: whether it can be claimed; of a template, whether new codes are made by it.
    """

    reward_referrer: Mapping[str, int]
    reward_referee: Mapping[str, int]
    max_uses: int | None = None
    is_active: bool = True


@immutable
class CodeFilter:
    """A filter of codes: of one app user, or only templates (None: codes and templates)."""

    app_user_id: str | None = None
    templates: bool | None = None


def load_or_make(session: Session, actor: AppUser) -> tuple[ReferralCode, bool]:
    """The app user's code, and whether it was made now. A new one has the rules of the first active template.

    Raises:
        ReferralFailed: `RETRY_EXHAUSTED`: each of `TRIES` random codes exists already.
    """
    own = _find_own(session, actor)
    if own is not None:
        return own, False
    rules = _template_rules(session, actor)
    for _ in range(TRIES):
        made = _try_insert(session, actor, rules)
        if made is not None:
            _add_entry(session, actor, "referral_code.created", made)
            return made, True
        own = _find_own(session, actor)  # the conflict may be another first read of the same app user
        if own is not None:
            return own, False
    raise ReferralFailed("no free code was found; ask again", code="RETRY_EXHAUSTED")


def create_template(
    session: Session, actor: Actor, organization_id: UUID, rules: Rules, *, livemode: bool
) -> ReferralCode:
    """Create a template: codes that are made later have its rules, if it is the first active one.

    Raises:
        InvalidRequest: a reward names a currency that does not exist; or a number is not possible.
        Conflict: `not_a_merchant`.
    """
    require_merchant(session, organization_id)
    rewards = {
        param: currencies.require_known(session, organization_id, given, livemode=livemode, param=param)
        for param, given in (("reward_referrer", rules.reward_referrer), ("reward_referee", rules.reward_referee))
    }
    template = ReferralCode(
        id=ids.new(),
        organization_id=organization_id,
        livemode=livemode,
        max_uses=_require_uses(rules.max_uses),
        is_active=rules.is_active,
        **rewards,
    )
    session.add(template)
    session.flush()
    _add_entry(session, actor, "referral_template.created", template)
    return template


def change(session: Session, actor: Actor, code: ReferralCode, changes: Mapping[str, Any]) -> ReferralCode:
    """Change the given ones of `reward_referrer`, `reward_referee`, `max_uses` and `is_active`.

    A changed template changes no code that was made before.

    Raises:
        InvalidRequest: a reward names a currency that does not exist; or a number is not possible.
    """
    for param, value in changes.items():
        if param in {"reward_referrer", "reward_referee"}:
            currencies.require_known(session, code.organization_id, value, livemode=code.livemode, param=param)
        setattr(code, param, _require_uses(value) if param == "max_uses" else value)
    session.flush()
    action = "referral_template.updated" if code.code is None else "referral_code.updated"
    _add_entry(session, actor, action, code, changed=sorted(changes))
    return code


def list_codes(
    session: Session,
    organization_ids: Sequence[UUID],
    filters: CodeFilter,
    *,
    limit: int,
    starting_after: str | None = None,
) -> Page[ReferralCode]:
    """A page of the codes and templates of these organizations, newest first. Raises InvalidRequest."""
    matching = select(ReferralCode).where(owned_by(ReferralCode.organization_id, organization_ids))
    if filters.app_user_id is not None:
        matching = matching.where(ReferralCode.app_user_id == filters.app_user_id)
    if filters.templates is not None:
        is_template = ReferralCode.app_user_id.is_(None)
        matching = matching.where(is_template if filters.templates else ~is_template)
    return load_page(session, matching, ReferralCode.id, ids.REFERRAL_CODE, limit=limit, starting_after=starting_after)


def get_code(
    session: Session, organization_ids: Sequence[UUID], public_id: str, *, to_change: bool = False
) -> ReferralCode:
    """The code or template with this `rfc_…` id, owned by one of these organizations; `to_change` locks it.

    Raises:
        NotFound: there is none.
    """
    matching = select(ReferralCode).where(
        ReferralCode.id == ids.decode(public_id, ids.REFERRAL_CODE), ReferralCode.organization_id.in_(organization_ids)
    )
    code = session.scalar(matching.with_for_update() if to_change else matching)
    if code is None:
        raise NotFound.of("referral code", public_id)
    return code


def lock_active(session: Session, app_user: AppUser, written: str) -> ReferralCode | None:
    """The active code that an app user has typed, in either case, locked until the end of the transaction."""
    matching = select(ReferralCode).where(
        ReferralCode.organization_id == app_user.organization_id,
        ReferralCode.livemode == app_user.livemode,
        ReferralCode.code == written.strip().upper(),
        ReferralCode.is_active,
    )
    return session.scalar(matching.with_for_update())


def _require_uses(max_uses: int | None) -> int | None:
    if max_uses is not None and max_uses < 1:
        raise InvalidRequest(f"max_uses is {max_uses}; it must be at least 1, or none", param="max_uses")
    return max_uses


def _find_own(session: Session, app_user: AppUser) -> ReferralCode | None:
    own = select(ReferralCode).where(
        ReferralCode.organization_id == app_user.organization_id,
        ReferralCode.livemode == app_user.livemode,
        ReferralCode.app_user_id == app_user.app_user_id,
    )
    return session.scalar(own)


def _template_rules(session: Session, app_user: AppUser) -> Rules:
    first = select(ReferralCode).where(
        ReferralCode.organization_id == app_user.organization_id,
        ReferralCode.livemode == app_user.livemode,
        ReferralCode.app_user_id.is_(None),
        ReferralCode.is_active,
    )
    template = session.scalar(first.order_by(ReferralCode.id).limit(1))
    return (
        Rules({}, {})
        if template is None
        else Rules(template.reward_referrer, template.reward_referee, template.max_uses)
    )


def _try_insert(session: Session, app_user: AppUser, rules: Rules) -> ReferralCode | None:
    """A new code of the app user; None if the code, or a code of the app user, exists already."""
    inserted = insert(ReferralCode).values(
        id=ids.new(),
        organization_id=app_user.organization_id,
        livemode=app_user.livemode,
        app_user_id=app_user.app_user_id,
        code="".join(secrets.choice(ALPHABET) for _ in range(LENGTH)),
        reward_referrer=dict(rules.reward_referrer),
        reward_referee=dict(rules.reward_referee),
        max_uses=rules.max_uses,
    )
    return session.scalars(inserted.on_conflict_do_nothing().returning(ReferralCode)).one_or_none()


def _add_entry(session: Session, actor: Actor, action: str, code: ReferralCode, **details: Any) -> None:
    subject_id = ids.encode(ids.REFERRAL_CODE, code.id)
    owner, livemode = code.organization_id, code.livemode
    audit.add_entry(session, actor, action, subject_id, details, organization_id=owner, livemode=livemode)
